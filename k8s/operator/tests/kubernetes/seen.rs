//! What a person sees by `kubectl`: columns, events, and the documentation of every field.

use anyhow::{Context, Result, ensure};
use conversation_testkit::{control_plane::output, until};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Value, json};

use crate::{DEADLINE, world::World};

async fn kubectl(world: &World, arguments: &str) -> Result<String> {
    let arguments = ["--namespace", world.namespace.name()].into_iter().chain(arguments.split(' '));
    output(world.plane.kubectl(arguments)?).await
}

/// Waits until `kubectl describe` tells of an event of this type and reason.
async fn tells(world: &World, object: &str, type_: &str, reason: &str) -> Result<()> {
    let mut last = String::new();
    let what = format!("{object} to tell {type_} {reason}");
    let told = until(DEADLINE, &what, async || {
        last = kubectl(world, &format!("describe {object}")).await.ok()?;
        let (_, events) = last.split_once("\nEvents:")?;
        let rows = events.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
        rows.into_iter().any(|row| row == [type_, reason]).then_some(())
    });
    told.await.with_context(|| last)
}

#[tokio::test]
async fn each_turn_of_a_migration_is_told_as_an_event_of_the_service_and_of_its_schema() -> Result<()> {
    let world = World::new("events").await?;
    let database = world.database().await?;
    world.secret("wrong", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200").await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({"retention": {"days": 90}})).await?;
    world.ready("shop").await?;
    let (service, schema) = ("conversationservice/shop", "conversationschema/shop");
    for (object, reason) in [(service, "Planning"), (service, "Ready"), (schema, "Applying"), (schema, "Applied")] {
        tells(&world, object, "Normal", reason).await?;
    }

    // What is shortened destroys something only where there is something.
    let sessions = database.client.database(&database.name).collection::<mongodb::bson::Document>("events");
    let event = mongodb::bson::doc! {"sessionId": "sess_1", "timestamp": mongodb::bson::DateTime::now()};
    let unchecked = mongodb::options::InsertOneOptions::builder().bypass_document_validation(true).build();
    sessions.insert_one(event).with_options(unchecked).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"retention": {"days": 30}}})).await?;
    for object in [service, schema] {
        tells(&world, object, "Normal", "DestructiveNotApproved").await?;
    }

    world.edit(&world.services(), "shop", json!({"spec": {"migration": {"uriSecret": {"name": "wrong"}}}})).await?;
    for object in [service, schema] {
        tells(&world, object, "Warning", "MigratorFailed").await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_columns_of_both_kinds_tell_where_they_are() -> Result<()> {
    let world = World::new("columns").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    // As the README has it: by the category of both kinds.
    let table = kubectl(&world, "get conversation").await?;
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = |name: &str| rows.clone().find(|row| row.first() == Some(&name)).with_context(|| table.clone());
    let service = row("conversationservice.conversation.dev/shop")?;
    let schema = row("conversationschema.conversation.dev/shop")?;
    assert_eq!(service[1..7], ["True", "Ready", "1.0.0", "1.0.0", "1", "False"], "{table}");
    assert_eq!(schema[1..6], ["True", "Applied", "1", "clean", "False"], "{table}");
    let heads: Vec<Vec<&str>> = rows.by_ref().filter(|row| row.first() == Some(&"NAME")).collect();
    assert!(
        heads.contains(&vec!["NAME", "READY", "STATUS", "VERSION", "TARGET", "REPLICAS", "DRIFT", "AGE"]),
        "{table}"
    );
    assert!(heads.contains(&vec!["NAME", "READY", "STATUS", "VERSION", "PLAN", "DRIFT", "VERIFIED", "AGE"]), "{table}");
    Ok(())
}

#[tokio::test]
async fn kubectl_explains_every_field() -> Result<()> {
    let world = World::new("explain").await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    for kind in ["conversationservice", "conversationschema"] {
        let definition = definitions.get(&format!("{kind}s.conversation.dev")).await?;
        let schema =
            definition.spec.versions.first().and_then(|version| version.schema.as_ref()).context("a schema")?;
        let mut silent = Vec::new();
        for part in ["spec", "status"] {
            let fields = serde_json::to_value(&schema.open_api_v3_schema)?["properties"][part].clone();
            undescribed(&fields, &format!("{kind}.{part}"), &mut silent);
            let explained = kubectl(&world, &format!("explain {kind}.{part}")).await?;
            for field in fields["properties"].as_object().context("fields")?.keys() {
                ensure!(explained.contains(&format!("  {field}\t<")), "{field} is not in: {explained}");
            }
        }
        assert_eq!(silent, [] as [String; 0], "fields without a description");
    }
    let explained = kubectl(&world, "explain conversationservice.spec.migration.policy").await?;
    ensure!(explained.contains("ENUM:") && explained.contains("Observe"), "{explained}");
    Ok(())
}

/// The fields below one that nothing is said of.
fn undescribed(field: &Value, name: &str, silent: &mut Vec<String>) {
    let below = if field["items"]["properties"].is_object() { &field["items"] } else { field };
    for (inner, schema) in below["properties"].as_object().into_iter().flatten() {
        let name = format!("{name}.{inner}");
        if schema["description"].as_str().unwrap_or_default().is_empty() {
            silent.push(name.clone());
        }
        undescribed(schema, &name, silent);
    }
}
