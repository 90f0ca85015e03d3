//! What is in the way is said by a condition, with its cause, and mended without the operator being told.

use anyhow::Result;
use conversation_operator::kinds::Kind;
use conversation_testkit::{control_plane::Project, until};
use k8s_openapi::api::core::v1::{ResourceQuota, Secret};
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::{
    DEADLINE,
    world::{World, image},
};

async fn quota(world: &World, hard: Value) -> Result<()> {
    world.create(&world.api::<ResourceQuota>(), "quota", json!({"hard": hard})).await?;
    // A quota is in force once its controller has counted what there is.
    let quotas = world.api::<ResourceQuota>();
    until(DEADLINE, "the quota to be in force", async || {
        quotas.get("quota").await.is_ok_and(|quota| quota.status.is_some_and(|status| status.used.is_some()))
    })
    .await
}

async fn lift_quota(world: &World) -> Result<()> {
    world.api::<ResourceQuota>().delete("quota", &DeleteParams::default()).await?;
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
async fn a_missing_secret_of_certificates_is_named_for_jobs_and_for_pods() -> Result<()> {
    let world = World::new("certificates").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let missing = async || world.says("shop", "Degraded", "True", "ConfigurationMissing").await;
    world.real("shop", &database, json!({"mongodb": {"tls": {"secretName": "certificates"}}})).await?;
    let of_job = missing().await?.message;
    assert!(of_job.contains("pod shop-migrate-1-") && of_job.contains("\"certificates\" not found"), "{of_job}");
    world.secret("certificates", "a certificate").await?;
    world.ready("shop").await?;

    world.api::<Secret>().delete("certificates", &DeleteParams::default()).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"limits": {"maxNesting": 9}}})).await?;
    let of_pod = missing().await?.message;
    assert!(!of_pod.contains("migrate") && of_pod.contains("\"certificates\" not found"), "{of_pod}");
    world.secret("certificates", "a certificate").await?;
    world.ready("shop").await?;
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

    // What was told of a Job is not told of another one that has its name.
    world.services().delete("shop", &DeleteParams::foreground()).await?;
    let services = world.services();
    until(DEADLINE, "the service to be gone", async || matches!(services.get_opt("shop").await, Ok(None))).await?;
    world.real("shop", &database, json!({"mongodb": {"tls": {"secretName": "certificates"}}})).await?;
    let of_job = world.says("shop", "Degraded", "True", "ConfigurationMissing").await?.message;
    assert!(of_job.contains("pod shop-migrate-1-"), "{of_job}");
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

#[tokio::test]
async fn somebody_who_keeps_changing_an_object_is_told_of_and_wins_no_endless_fight() -> Result<()> {
    let world = World::new("contended").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({})).await?;
    world.ready("shop").await?;
    let (budgets, services) = (world.kind(Kind::PodDisruptionBudget), world.services());
    let theirs = json!({"spec": {"maxUnavailable": 9}});
    let said = until(DEADLINE, "the fight to be said", async || {
        world.edit(&budgets, "shop", theirs.clone()).await.ok()?;
        let conditions = services.get("shop").await.ok()?.status?.conditions;
        conditions.into_iter().find(|it| it.type_ == "Degraded" && it.reason == "Contended")
    })
    .await?;
    assert_eq!(said.message, "somebody keeps changing PodDisruptionBudget shop");
    // It is put back all the same when they cease.
    world.object(Kind::PodDisruptionBudget, "shop", "as declared", |it| it["spec"]["maxUnavailable"] == 1).await?;
    world.says("shop", "Degraded", "False", "AsExpected").await?;
    Ok(())
}

#[tokio::test]
async fn a_kind_that_the_cluster_lacks_is_named_and_used_when_it_is_there() -> Result<()> {
    let world = World::bare("lacking").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"telemetry": {"serviceMonitor": {}}})).await?;
    let degraded = world.says("shop", "Degraded", "True", "KindMissing").await?;
    assert!(degraded.message.contains("install what brings monitoring.coreos.com/v1"), "{}", degraded.message);
    world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;

    world.plane.install(&[Project::PrometheusOperator]).await?;
    let first = world.object(Kind::ServiceMonitor, "shop", "to be there", |_| true).await?;
    world.ready("shop").await?;
    // It is watched from now on.
    world.delete(Kind::ServiceMonitor, "shop").await?;
    let is_another = |it: &Value| it["metadata"]["uid"] != first["metadata"]["uid"];
    world.object(Kind::ServiceMonitor, "shop", "to come back", is_another).await?;
    Ok(())
}
