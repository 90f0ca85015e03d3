//! An API server that is away, or that turns requests away: said, lived through, and made good afterwards.

use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use conversation_operator::kinds::Kind;
use conversation_testkit::{ReplicaSet, control_plane::output, until};
use kube::api::ListParams;
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
    // It has time for one request for a budget in this namespace, and that one waits for somebody who says nothing, for as long
    // as the operator waits for an answer.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let manifest = jam(world.namespace.name(), silent.local_addr()?.port()).to_string();
    let file = world.plane.directory().join(format!("{}-jam.json", world.namespace)).display().to_string();
    std::fs::write(&file, manifest)?;
    output(world.plane.kubectl(["create", "--filename", &file])?).await?;
    // What the API server says of it when it goes by it.
    let schema = format!("flowschema/{}", world.namespace);
    let in_force = ["wait", "--for=condition=Dangling=False", "--timeout=60s", &schema];
    output(world.plane.kubectl(in_force)?).await?;

    let names = ["first", "second", "third"];
    for name in names {
        world.played(name, json!({})).await?;
    }
    let services = world.services();
    let said = until(DEADLINE, "one of them to say so", async || {
        let services = services.list(&ListParams::default()).await.ok()?;
        let conditions = services.into_iter().flat_map(|service| service.status.unwrap_or_default().conditions);
        conditions.into_iter().find(|it| it.type_ == "Degraded" && it.reason == "ApiUnavailable")
    })
    .await?;
    ensure!(said.message.contains("the API server could not be asked"), "{}", said.message);
    let failures =
        r#"conversation_operator_reconcile_errors_total{kind="ConversationService",reason="ApiUnavailable"}"#;
    ensure!(operator.counted(failures).await? > 0, "{}", operator.ask("/metrics").await?.1);
    // The rest is made all the same.
    for name in names {
        world.object(Kind::Deployment, name, "to be there", |_| true).await?;
    }

    output(world.plane.kubectl(["delete", "--filename", &file])?).await?;
    drop(silent);
    for name in names {
        world.object(Kind::PodDisruptionBudget, name, "to be there", |_| true).await?;
        world.ready(name).await?;
    }
    Ok(())
}

/// What makes the API server answer one request of the operator's for a budget at a time, and slowly.
fn jam(namespace: &str, port: u16) -> Value {
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    let account = json!({"kind": "ServiceAccount", "serviceAccount": {"name": OPERATOR, "namespace": SYSTEM}});
    let budgets = json!({"verbs": ["*"], "apiGroups": ["policy"], "resources": ["*"], "namespaces": [namespace]});
    let none = json!({
        "nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"},
    });
    let webhook = json!({
        "name": "silent.example.com", "clientConfig": {"url": format!("https://127.0.0.1:{port}/")},
        "rules": [{"apiGroups": ["policy"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["*"]}],
        "namespaceSelector": here, "timeoutSeconds": 30, "failurePolicy": "Ignore",
        "sideEffects": "None", "admissionReviewVersions": ["v1"],
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": namespace}, "webhooks": [webhook],
        },
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration",
            "metadata": {"name": namespace}, "spec": {"type": "Limited", "limited": none},
        },
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": namespace},
            "spec": {
                "priorityLevelConfiguration": {"name": namespace}, "matchingPrecedence": 2,
                "rules": [{"subjects": [account], "resourceRules": [budgets]}],
            },
        },
    ]})
}
