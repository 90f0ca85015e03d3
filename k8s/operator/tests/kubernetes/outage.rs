//! An API server that is away, or that turns requests away: said, lived through, and made good afterwards.

use anyhow::{Context, Result, ensure};
use conversation_operator::kinds::Kind;
use conversation_testkit::{ReplicaSet, control_plane::output, until};
use mongodb::bson::doc;
use serde_json::{Value, json};

use crate::{
    DEADLINE,
    world::{OPERATOR, SYSTEM, World},
};

#[tokio::test]
async fn a_migration_that_ends_while_the_api_server_is_away_is_taken_into_account_afterwards() -> Result<()> {
    let world = World::apart("outage").await?;
    let set = ReplicaSet::start(1).await?;
    let database = world.database_on(&set).await?;
    let operator = world.operator()?;
    // Long against what it takes to see the Job, and short against how soon an operator says that nobody answers.
    let data = doc! {"failCommands": ["createIndexes"], "blockConnection": true, "blockTimeMS": 15_000};
    set.fail_command(doc! {"mode": {"times": 1}, "data": data}).await?;
    world.real("shop", &database, json!({})).await?;
    let is_applying = |job: &Value| job["status"]["ready"] == 1;
    world.object(Kind::Job, "shop-migrate-2", "to run", is_applying).await?;

    world.plane.kill()?;
    until(DEADLINE, "the operator to be unready", async || {
        operator.ask("/health/ready").await.is_ok_and(|(status, why)| status == 503 && why.contains("API server"))
    })
    .await?;
    assert_eq!(operator.ask("/health/live").await?.0, 200);
    world.plane.restart().await?;
    until(DEADLINE, "the operator to be ready", async || {
        operator.ask("/health/ready").await.is_ok_and(|it| it.0 == 200)
    })
    .await?;
    world.ready("shop").await?;
    let status = world.schemas().get("shop").await?.status.context("a status")?;
    assert_eq!((status.attempts, status.runs), (0, 2), "a plan and an apply, each once: {status:#?}");
    world.delete(Kind::Deployment, "shop").await?;
    world.object(Kind::Deployment, "shop", "to come back", |_| true).await?;
    world.ready("shop").await?;
    ensure!(operator.process.exit_status()?.is_none(), "the process has lived through it");
    Ok(())
}

#[tokio::test]
async fn an_api_server_that_turns_requests_away_is_said_and_asked_again() -> Result<()> {
    let world = World::new("busy").await?;
    let operator = world.operator()?;
    let namespace = world.namespace.name();
    // To this one resource in this one namespace it has no time to answer.
    let flow = json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration",
            "metadata": {"name": namespace},
            "spec": {"type": "Limited", "limited": {
                "nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"},
            }},
        },
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema",
            "metadata": {"name": namespace},
            "spec": {"priorityLevelConfiguration": {"name": namespace}, "matchingPrecedence": 2, "rules": [{
                "subjects": [{"kind": "ServiceAccount", "serviceAccount": {"name": OPERATOR, "namespace": SYSTEM}}],
                "resourceRules": [
                    {"verbs": ["*"], "apiGroups": ["policy"], "resources": ["*"], "namespaces": [namespace]},
                ],
            }]},
        },
    ]});
    let file = world.plane.directory().join(format!("{namespace}-flow.json"));
    std::fs::write(&file, flow.to_string())?;
    let file = file.display().to_string();
    output(world.plane.kubectl(["create", "--filename", &file])?).await?;
    // What the API server says of it when it goes by it.
    let in_force = ["wait", "--for=condition=Dangling=False", "--timeout=60s", &format!("flowschema/{namespace}")];
    output(world.plane.kubectl(in_force)?).await?;

    world.played("shop", json!({})).await?;
    let degraded = world.says("shop", "Degraded", "True", "ApiUnavailable").await?;
    assert!(degraded.message.contains("too many requests"), "{}", degraded.message);
    let failures =
        r#"conversation_operator_reconcile_errors_total{kind="ConversationService",reason="ApiUnavailable"}"#;
    ensure!(operator.counted(failures).await? > 0, "{}", operator.ask("/metrics").await?.1);
    // The rest is made all the same.
    world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;

    output(world.plane.kubectl(["delete", "--filename", &file])?).await?;
    world.object(Kind::PodDisruptionBudget, "shop", "to be there", |_| true).await?;
    world.ready("shop").await?;
    Ok(())
}
