//! Migrations that take too long: ended, said, and tried again, while the version before serves.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use conversation_testkit::ReplicaSet;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::{
    history::History,
    world::{Database, World, image},
};

/// The first command of this name from a migrator finds no answer; the service's own are answered.
fn hang(command: &str) -> Document {
    let data = doc! {
        "failCommands": [command], "appName": "conversation-migrator", "blockConnection": true, "blockTimeMS": 600_000,
    };
    doc! {"mode": {"times": 1}, "data": data}
}

/// A service of version 1.0.0 whose migrations may take ten seconds, on a replica set of its own: what fails on that fails
/// for all that use it.
async fn served(world: &World, set: &ReplicaSet) -> Result<Database> {
    let database = world.database_on(set).await?;
    world.real("shop", &database, json!({"migration": {"timeoutSeconds": 10}})).await?;
    world.ready("shop").await?;
    Ok(database)
}

/// The version before serves, and pods of it only.
async fn old_version_serves(world: &World) -> Result<()> {
    let serves = "version 1.0.0 serves on, by 1 pod";
    world.said("shop", serves, |it| it.type_ == "Ready" && it.message.contains(serves)).await?;
    let [pod] = &world.pods("shop", "api").await?[..] else { anyhow::bail!("there is more than one pod") };
    let url = world.plane.process_node().await?.pod_url(world.namespace.name(), pod, "management")?;
    assert_eq!(reqwest::get(format!("{url}/health/ready")).await?.status(), 200);
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:1.0.0");
    Ok(())
}

#[tokio::test]
async fn a_plan_that_finds_no_end_is_ended_by_its_job() -> Result<()> {
    let world = World::new("slow-plan").await?;
    let _operator = world.operator()?;
    let set = ReplicaSet::start(1).await?;
    served(&world, &set).await?;

    set.fail_command(hang("listCollections")).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"image": {"tag": "2.0.0"}}})).await?;
    let degraded = world.says("shop", "Degraded", "True", "TimedOut").await?;
    assert!(degraded.message.contains("raise timeoutSeconds"), "{}", degraded.message);
    old_version_serves(&world).await?;

    let ready = world.ready("shop").await?;
    assert!(ready.message.contains("2.0.0"), "{}", ready.message);
    Ok(())
}

#[tokio::test]
async fn an_apply_that_takes_too_long_ends_by_itself_and_says_so() -> Result<()> {
    let world = World::new("slow-apply").await?;
    let _operator = world.operator()?;
    let set = ReplicaSet::start(1).await?;
    let database = served(&world, &set).await?;

    set.fail_command(hang("createIndexes")).await?;
    let index = json!({"collection": "sessions", "name": "by_agent", "keys": [{"field": "metadata.agent"}]});
    let change = json!({"spec": {"image": {"tag": "2.0.0"}, "indexes": [index]}});
    world.edit(&world.services(), "shop", change).await?;
    let degraded = world.says("shop", "Degraded", "True", "MigratorFailed").await?;
    assert!(degraded.message.contains("the time of --timeout is over"), "{}", degraded.message);
    old_version_serves(&world).await?;

    let ready = world.ready("shop").await?;
    assert!(ready.message.contains("2.0.0"), "{}", ready.message);
    let sessions = database.client.database(&database.name).collection::<Document>("sessions");
    let indexes = sessions.list_index_names().await.context("indexes")?;
    assert!(indexes.iter().any(|name| name == "by_agent"), "{indexes:?}");
    Ok(())
}

#[tokio::test]
async fn an_apply_that_has_begun_ends_by_itself_though_nobody_is_to_migrate_any_more() -> Result<()> {
    let world = World::new("unmanaged").await?;
    let _operator = world.operator()?;
    let set = ReplicaSet::start(1).await?;
    served(&world, &set).await?;

    set.fail_command(hang("createIndexes")).await?;
    let pods = History::of(&world, Kind::Pod).await?;
    let index = json!({"collection": "sessions", "name": "by_agent", "keys": [{"field": "metadata.agent"}]});
    world.edit(&world.services(), "shop", json!({"spec": {"indexes": [index]}})).await?;
    let applies = |pod: &Value| {
        let running = &pod["status"]["containerStatuses"][0]["state"]["running"];
        pod["metadata"]["labels"]["conversation.dev/command"] == "apply" && !running.is_null()
    };
    pods.first("an apply that runs", applies).await?;
    let schemas = History::of(&world, Kind::ConversationSchema).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"migration": {"policy": "None"}}})).await?;
    world.says("shop", "MigrationPending", "False", "NotManaged").await?;
    // How it ended is written into the schema, which is there as long.
    let over = |schema: &Value| schema["status"]["failure"].to_string().contains("the time of --timeout is over");
    schemas.first("told of an apply that ended by itself", over).await?;
    world.gone(Kind::ConversationSchema, "shop").await?;
    world.ready("shop").await?;
    Ok(())
}
