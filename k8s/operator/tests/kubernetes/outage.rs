//! An API server that is away: said, lived through, and made good afterwards.

use anyhow::{Context, Result, ensure};
use conversation_operator::kinds::Kind;
use conversation_testkit::{ReplicaSet, until};
use mongodb::bson::doc;
use serde_json::{Value, json};

use crate::{DEADLINE, world::World};

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
