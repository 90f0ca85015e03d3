//! What is in the way is said by a condition, with its cause, and mended without the operator being told.

use anyhow::Result;
use conversation_operator::kinds::Kind;
use k8s_openapi::api::core::v1::ResourceQuota;
use serde_json::{Value, json};

use crate::world::{World, image};

async fn quota(world: &World, hard: Value) -> Result<()> {
    world.create(&world.api::<ResourceQuota>(), "quota", json!({"hard": hard})).await?;
    // A quota is in force once its controller has counted what there is.
    let quotas = world.api::<ResourceQuota>();
    conversation_testkit::until(crate::DEADLINE, "the quota to be in force", async || {
        quotas.get("quota").await.is_ok_and(|quota| quota.status.is_some_and(|status| status.used.is_some()))
    })
    .await
}

async fn lift_quota(world: &World) -> Result<()> {
    world.api::<ResourceQuota>().delete("quota", &kube::api::DeleteParams::default()).await?;
    Ok(())
}

#[tokio::test]
async fn a_missing_secret_is_named_and_making_it_is_enough() -> Result<()> {
    let world = World::new("secret").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let spec = json!({"mongodb": {"uriSecret": {"name": "forgotten"}}});
    world.real("shop", &database, spec).await?;
    let degraded = world.says("shop", "Degraded", "True", "ConfigurationMissing").await?;
    assert!(degraded.message.contains("forgotten"), "{}", degraded.message);
    world.says("shop", "Ready", "False", "ConfigurationMissing").await?;
    world.secret("forgotten", &database.uri).await?;
    world.ready("shop").await?;
    world.says("shop", "Degraded", "False", "AsExpected").await?;
    Ok(())
}

#[tokio::test]
async fn an_image_that_is_not_there_is_named_and_the_old_version_serves() -> Result<()> {
    let world = World::new("image").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;

    // The service's image: its schema is there already, so the rollout begins, and stops at the first pod.
    let wrong = json!({"repository": "registry.example/misspelt", "tag": "2.0.0"});
    let migrator = json!({"repository": "registry.example/conversation-migrator", "tag": "1.0.0"});
    let change = json!({"spec": {"image": wrong, "migratorImage": migrator}});
    world.edit(&world.services(), "shop", change).await?;
    let degraded = world.says("shop", "Degraded", "True", "ImagePullFailed").await?;
    assert!(degraded.message.contains("registry.example/misspelt:2.0.0"), "{}", degraded.message);
    let status = world.services().get("shop").await?.status.expect("a status");
    assert_eq!(status.ready_replicas, 1, "the old pod serves on");

    // The migrator's image: the rollout does not even begin.
    let image_of = |name: &str| json!({"repository": format!("registry.example/{name}"), "tag": "3.0.0"});
    let change = json!({"spec": {"image": image_of("conversation-api"), "migratorImage": image_of("misspelt")}});
    world.edit(&world.services(), "shop", change).await?;
    let degraded = world
        .said("shop", "that the migrator's image cannot be pulled", |condition| {
            condition.type_ == "Degraded" && condition.message.contains("registry.example/misspelt:3.0.0")
        })
        .await?;
    assert_eq!(degraded.reason, "ImagePullFailed");

    world.edit(&world.services(), "shop", json!({"spec": {"migratorImage": null}})).await?;
    world.ready("shop").await?;
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:3.0.0");
    Ok(())
}

#[tokio::test]
async fn a_quota_that_refuses_pods_is_named() -> Result<()> {
    let world = World::new("quota").await?;
    quota(&world, json!({"pods": "1"})).await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 2}})).await?;
    let degraded = world.says("shop", "Degraded", "True", "QuotaExceeded").await?;
    assert!(degraded.message.contains("exceeded quota"), "{}", degraded.message);
    lift_quota(&world).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"scaling": {"replicas": 1}}})).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_quota_that_refuses_the_migrators_pod_is_named() -> Result<()> {
    let world = World::new("quota-job").await?;
    let database = world.database().await?;
    quota(&world, json!({"pods": "0"})).await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    let degraded = world.says("shop", "Degraded", "True", "QuotaExceeded").await?;
    assert!(degraded.message.contains("exceeded quota"), "{}", degraded.message);
    lift_quota(&world).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_quota_that_refuses_objects_is_named_and_the_rest_is_made() -> Result<()> {
    let world = World::new("quota-object").await?;
    quota(&world, json!({"services": "0"})).await?;
    let _operator = world.operator()?;
    world.played("shop", json!({})).await?;
    let degraded = world.says("shop", "Degraded", "True", "QuotaExceeded").await?;
    assert!(degraded.message.contains("Service shop"), "{}", degraded.message);
    world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    lift_quota(&world).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_service_without_any_nodes_to_run_on_says_so() -> Result<()> {
    let world = World::new("nowhere").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"pod": {"nodeSelector": {"disk": "imaginary"}}})).await?;
    let degraded = world.says("shop", "Degraded", "True", "PodsUnschedulable").await?;
    assert!(degraded.message.contains("fits on no node"), "{}", degraded.message);
    Ok(())
}
