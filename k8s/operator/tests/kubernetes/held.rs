//! What becomes of a Deployment while the rollout of what is declared waits for a migration.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use serde_json::{Value, json};

use crate::world::{World, image};

/// A service of version 1.0.0 that is declared otherwise since, whose plan waits for an approval; and its Deployment.
async fn waiting(world: &World) -> Result<Value> {
    let database = world.database().await?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    let index = json!({"collection": "sessions", "name": "by_agent", "keys": [{"field": "metadata.agent"}]});
    let change = json!({"spec": {
        "image": {"tag": "2.0.0"}, "indexes": [index], "limits": {"maxNesting": 9}, "migration": {"policy": "Approve"},
    }});
    world.edit(&world.services(), "shop", change).await?;
    world.says("shop", "MigrationPending", "True", "AwaitingApproval").await?;
    world.object(Kind::Deployment, "shop", "to be there", |_| true).await
}

#[tokio::test]
async fn a_deployment_that_loses_the_operators_label_keeps_its_settings() -> Result<()> {
    let world = World::new("unlabelled").await?;
    let _operator = world.operator()?;
    let before = waiting(&world).await?;
    let label = |manager: &str| json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": manager}}});
    world.edit(&world.kind(Kind::Deployment), "shop", label("somebody")).await?;
    let managed = |it: &Value| it["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "conversation-operator";
    let held = world.object(Kind::Deployment, "shop", "to have its label again", managed).await?;
    assert_eq!(held["spec"], before["spec"]);

    let plan = world.services().get("shop").await?.status.and_then(|status| status.plan).context("a plan")?;
    let approve = json!({"metadata": {"annotations": {"conversation.dev/approve-plan": plan.approval}}});
    world.edit(&world.services(), "shop", approve).await?;
    world.ready("shop").await?;
    let rolled = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&rolled), "registry.example/conversation-api:2.0.0");
    assert!(managed(&rolled));
    Ok(())
}

#[tokio::test]
async fn a_deployment_that_is_deleted_comes_back_with_the_image_that_was_released_last() -> Result<()> {
    let world = World::new("released").await?;
    let _operator = world.operator()?;
    let before = waiting(&world).await?;
    world.delete(Kind::Deployment, "shop").await?;
    let is_another = |it: &Value| it["metadata"]["uid"] != before["metadata"]["uid"];
    let another = world.object(Kind::Deployment, "shop", "to come back", is_another).await?;
    assert_eq!(image(&another), "registry.example/conversation-api:1.0.0");
    let serves = "version 1.0.0 serves on, by 1 pod";
    world.said("shop", serves, |it| it.type_ == "Ready" && it.message.contains(serves)).await?;
    let status = world.services().get("shop").await?.status.context("a status")?;
    assert_eq!((status.version.as_deref(), status.target_version.as_deref()), (Some("1.0.0"), Some("2.0.0")));
    Ok(())
}
