//! Who decides about a migration: `migration.policy` of a service, and `paused`.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use conversation_testkit::{control_plane::output, product};
use kube::{ResourceExt, api::ListParams};
use serde_json::{Value, json};

use crate::{
    DEADLINE,
    world::{Database, World},
};

fn approve(approval: &str) -> Value {
    json!({"metadata": {"annotations": {"conversation.dev/approve-plan": approval}}})
}

/// What the migrator was started for so far, as `plan` or `apply`.
async fn runs(world: &World) -> Result<Vec<String>> {
    let jobs = world.kind(Kind::Job).list(&ListParams::default()).await?;
    Ok(jobs.iter().filter_map(|job| job.labels().get("conversation.dev/command").cloned()).collect())
}

async fn collections(database: &Database) -> Result<Vec<String>> {
    Ok(database.client.database(&database.name).list_collection_names().await?)
}

#[tokio::test]
async fn with_the_policy_approve_every_plan_waits() -> Result<()> {
    let world = World::new("approve").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({"migration": {"policy": "Approve"}})).await?;
    let pending = world.says("shop", "MigrationPending", "True", "AwaitingApproval").await?;
    world.says("shop", "Ready", "False", "AwaitingApproval").await?;
    world.says("shop", "Degraded", "False", "AsExpected").await?;
    assert_eq!((runs(&world).await?, collections(&database).await?), (vec!["plan".to_owned()], vec![]));

    // The message is the command that gives the approval.
    let (_, command) = pending.message.split_once("to apply it: kubectl ").context("a command")?;
    let (command, _) = command.split_once(". Steps: ").context("the end of the command")?;
    output(world.plane.kubectl(command.split(' '))?).await?;
    world.ready("shop").await?;
    assert!(runs(&world).await?.contains(&"apply".to_owned()));
    Ok(())
}

#[tokio::test]
async fn with_the_policy_observe_nothing_is_ever_applied() -> Result<()> {
    let world = World::new("observe").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let policy = json!({"migration": {"policy": "Observe", "verifyEverySeconds": 60}});
    world.real("shop", &database, policy).await?;
    let pending = world.says("shop", "MigrationPending", "True", "Observed").await?;
    assert!(pending.message.contains("create-collection sessions"), "{}", pending.message);
    let plan = world.services().get("shop").await?.status.and_then(|status| status.plan).context("a plan")?;
    // An approval is no reason either.
    world.edit(&world.services(), "shop", approve(&plan.approval)).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"limits": {"maxNesting": 9}}})).await?;
    world.says("shop", "Progressing", "False", "Waiting").await?;
    assert_eq!(collections(&database).await?, [] as [String; 0]);

    // Somebody else applies it, which is found when it is looked at next.
    let mut migrator = std::process::Command::new(product("conversation-migrator")?);
    migrator.args(["apply", "--yes", "--mongodb-uri", &database.uri, "--mongodb-database", &database.name]);
    output(migrator).await?;
    world.ready("shop").await?;
    let runs = runs(&world).await?;
    assert!(runs.iter().all(|command| command == "plan"), "{runs:?}");
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_paused_while_a_plan_waits_applies_it_only_when_it_goes_on() -> Result<()> {
    let world = World::new("pause").await?;
    let database = world.database().await?;
    let operator = world.operator()?;
    world.real("shop", &database, json!({"migration": {"policy": "Approve"}})).await?;
    world.says("shop", "MigrationPending", "True", "AwaitingApproval").await?;
    let plan = world.services().get("shop").await?.status.and_then(|status| status.plan).context("a plan")?;

    world.edit(&world.services(), "shop", json!({"spec": {"paused": true}})).await?;
    world.says("shop", "Progressing", "False", "Paused").await?;
    world.edit(&world.services(), "shop", approve(&plan.approval)).await?;
    world.says("shop", "MigrationPending", "True", "Paused").await?;
    // Another operator, which looks at everything, does nothing either.
    operator.process.terminate()?;
    operator.process.wait(DEADLINE).await?;
    let second = world.operator_named("second", &[])?;
    second.has_looked_at(&["ConversationService", "ConversationSchema"]).await?;
    assert_eq!((runs(&world).await?, collections(&database).await?), (vec!["plan".to_owned()], vec![]));

    world.edit(&world.services(), "shop", json!({"spec": {"paused": false}})).await?;
    world.ready("shop").await?;
    Ok(())
}
