//! Versions and their schemas: a real database, the real migrator in Jobs, and the real service in pods.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use conversation_testkit::{ReplicaSet, until};
use serde_json::{Value, json};

use crate::{
    DEADLINE,
    history::History,
    world::{World, image},
};

/// Days of retention, the shortening of which cannot be taken back.
fn retention(days: i32) -> Value {
    json!({"spec": {"retention": {"days": days}}})
}

#[tokio::test]
async fn a_service_on_a_new_database_becomes_ready_and_answers() -> Result<()> {
    let world = World::new("first").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({"scaling": {"replicas": 2}})).await?;
    world.ready("shop").await?;

    let schema = world.schemas().get("shop").await?.status.context("a status")?;
    let applied = schema.applied.context("applied")?;
    assert_eq!(applied.schema_version, Some(1));
    assert_eq!(schema.plan.map(|plan| plan.outcome), Some("clean".to_owned()));
    for pod in world.pods("shop", "api").await? {
        let node = world.plane.process_node().await?;
        let url = node.pod_url(world.namespace.name(), &pod, "management")?;
        let answer = reqwest::get(format!("{url}/health/ready")).await?;
        assert_eq!(answer.status(), 200, "{pod}");
    }
    // What is in the Secret is nobody's business but the pods'.
    let status = serde_json::to_string(&world.services().get("shop").await?.status)?;
    assert!(!status.contains("mongodb://"), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_new_version_rolls_only_when_its_schema_is_there() -> Result<()> {
    let world = World::new("upgrade").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    let (pods, jobs) = (History::of(&world, Kind::Pod).await?, History::of(&world, Kind::Job).await?);

    let index = json!({"collection": "sessions", "name": "by_agent", "keys": [{"field": "metadata.agent"}]});
    let change = json!({"spec": {"image": {"tag": "2.0.0"}, "indexes": [index]}});
    world.edit(&world.services(), "shop", change).await?;
    let ready = world.ready("shop").await?;
    assert!(ready.message.contains("2.0.0"), "{}", ready.message);
    let status = world.services().get("shop").await?.status.context("a status")?;
    assert_eq!((status.version.as_deref(), status.target_version.as_deref()), (Some("2.0.0"), Some("2.0.0")));
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:2.0.0");

    let runs = |it: &Value, image: &str| {
        let pod = it["spec"].get("template").map_or(&it["spec"], |template| &template["spec"]);
        pod["containers"][0]["image"] == format!("registry.example/{image}:2.0.0")
    };
    let is_applied = |job: &Value| {
        let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
        let complete = conditions.into_iter().any(|it| it["type"] == "Complete" && it["status"] == "True");
        let is_apply = job["metadata"]["labels"]["conversation.dev/command"] == "apply";
        complete && is_apply && runs(job, "conversation-migrator")
    };
    let applied = jobs.first("an apply Job that has ended", is_applied).await?;
    let is_new = |pod: &Value| runs(pod, "conversation-api");
    let began = pods.first("a pod of the new version", is_new).await?;
    assert!(applied < began, "the first pod of the new version was made at {began}, the schema was there at {applied}");
    Ok(())
}

#[tokio::test]
async fn a_failed_migration_leaves_the_old_version_serving_and_is_tried_again() -> Result<()> {
    let world = World::new("failed").await?;
    let database = world.database().await?;
    world.secret("wrong", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200").await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;

    let change = json!({"spec": {"image": {"tag": "2.0.0"}, "migration": {"uriSecret": {"name": "wrong"}}}});
    world.edit(&world.services(), "shop", change).await?;
    let degraded = world.says("shop", "Degraded", "True", "MigratorFailed").await?;
    assert!(degraded.message.contains("127.0.0.1:1"), "{}", degraded.message);
    let pending = world.says("shop", "Ready", "False", "MigratorFailed").await?;
    assert!(pending.message.contains("version 1.0.0 serves on, by 1 pod"), "{}", pending.message);
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:1.0.0");
    let schemas = world.schemas();
    until(DEADLINE, "a second attempt", async || {
        schemas.get("shop").await.ok().and_then(|schema| schema.status).is_some_and(|status| status.attempts >= 2)
    })
    .await?;

    // The right Secret is what mends it; the version then rolls by itself.
    let mended = json!({"spec": {"migration": {"uriSecret": null}}});
    world.edit(&world.services(), "shop", mended).await?;
    world.ready("shop").await?;
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:2.0.0");
    Ok(())
}

#[tokio::test]
async fn pods_keep_their_settings_until_the_schema_of_the_new_ones_is_there() -> Result<()> {
    let world = World::new("settings").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    let before = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;

    let change = json!({"spec": {
        "mongodb": {"uriSecret": {"name": "missing"}}, "limits": {"maxNesting": 9}, "scaling": {"replicas": 2},
    }});
    world.edit(&world.services(), "shop", change).await?;
    world.says("shop", "Degraded", "True", "ConfigurationMissing").await?;
    let held = world.object(Kind::Deployment, "shop", "with two pods", |it| it["status"]["readyReplicas"] == 2).await?;
    assert_eq!(held["spec"]["template"], before["spec"]["template"]);

    world.secret("missing", &ReplicaSet::shared().await?.uri()).await?;
    let nesting = |it: &Value| it["spec"]["template"].to_string().contains("MAX_NESTING");
    world.object(Kind::Deployment, "shop", "with the new settings", nesting).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_destructive_plan_waits_for_its_approval() -> Result<()> {
    let world = World::new("destructive").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({"retention": {"days": 90}})).await?;
    world.ready("shop").await?;
    // Shortening destroys something only where there is something.
    let pod = world.pods("shop", "api").await?.pop().context("a pod")?;
    let url = world.plane.process_node().await?.pod_url(world.namespace.name(), &pod, "http")?;
    let session = json!({"sessionId": "sess_1", "language": "en-US"});
    let answer = reqwest::Client::new().post(format!("{url}/v1/sessions")).json(&session).send().await?;
    assert_eq!(answer.status(), 201);

    world.edit(&world.services(), "shop", retention(30)).await?;
    let pending = world.says("shop", "MigrationPending", "True", "DestructiveNotApproved").await?;
    assert!(pending.message.contains("conversation.dev/approve-plan="), "{}", pending.message);
    world.says("shop", "Degraded", "False", "AsExpected").await?;
    let plan = world.services().get("shop").await?.status.and_then(|status| status.plan).context("a plan")?;
    assert!(!plan.destructive.is_empty(), "{plan:?}");

    // The approval of another plan is none, and it stays where it was written.
    let approve = |approval: &str| json!({"metadata": {"annotations": {"conversation.dev/approve-plan": approval}}});
    world.edit(&world.schemas(), "shop", approve("0123456789abcdef")).await?;
    world.says("shop", "MigrationPending", "True", "DestructiveNotApproved").await?;

    // On the service it counts too, for those who do not know of its schema.
    world.edit(&world.services(), "shop", approve(&plan.approval)).await?;
    world.ready("shop").await?;
    world.says("shop", "MigrationPending", "False", "NothingPending").await?;
    Ok(())
}

#[tokio::test]
async fn a_schema_can_be_declared_without_a_service_and_its_drift_is_found_on_schedule() -> Result<()> {
    let world = World::new("schema").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let spec = world.schema_spec(&database, json!({"verifyEverySeconds": 60}));
    world.create(&world.schemas(), "shop", spec).await?;
    let schemas = world.schemas();
    let says = async |type_: &str, status: &str| {
        until(DEADLINE, &format!("{type_}={status}"), async || {
            let status_of = schemas.get("shop").await.ok()?.status?;
            let found = status_of.conditions.into_iter().find(|condition| condition.type_ == type_);
            found.filter(|condition| format!("{:?}", condition.status) == status)
        })
        .await
    };
    says("Ready", "True").await?;
    says("SchemaDrift", "False").await?;

    database
        .client
        .database(&database.name)
        .collection::<mongodb::bson::Document>("events")
        .create_index(mongodb::IndexModel::builder().keys(mongodb::bson::doc! {"mine": 1}).build())
        .await?;
    let drift = says("SchemaDrift", "True").await?;
    assert_eq!(drift.reason, "NotDeclared", "{}", drift.message);
    assert!(drift.message.contains("mine_1"), "{}", drift.message);
    says("Ready", "True").await?;
    Ok(())
}

#[tokio::test]
async fn an_index_that_somebody_drops_comes_back() -> Result<()> {
    let world = World::new("dropped").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let spec = world.schema_spec(&database, json!({"verifyEverySeconds": 60}));
    world.create(&world.schemas(), "shop", spec).await?;
    let schemas = world.schemas();
    let applied = async || schemas.get("shop").await.ok()?.status?.applied;
    until(DEADLINE, "the schema to be applied", async || applied().await.is_some()).await?;
    let events = database.client.database(&database.name).collection::<mongodb::bson::Document>("events");
    events.drop_index("timeline").await?;
    // The next look is a minute after the last one.
    until(DEADLINE * 2, "the index to be back", async || {
        events.list_index_names().await.is_ok_and(|names| names.iter().any(|name| name == "timeline"))
    })
    .await?;
    until(DEADLINE, "no drift to be left", async || {
        schemas
            .get("shop")
            .await
            .ok()
            .and_then(|schema| schema.status)
            .is_some_and(|status| status.drift.is_empty() && status.plan.is_some_and(|plan| plan.outcome == "clean"))
    })
    .await
}
