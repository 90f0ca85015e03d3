//! What goes with an object, and what stays: its data, and the Secret that leads there.

use anyhow::{Context, Result, ensure};
use conversation_operator::kinds::Kind;
use conversation_testkit::{control_plane::output, until};
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, api::ListParams};
use serde_json::json;

use crate::{
    DEADLINE,
    world::{Database, World, install},
};

#[tokio::test]
async fn deleting_a_service_deletes_what_it_made_and_leaves_the_secret_and_the_data() -> Result<()> {
    let world = World::new("deleted").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    with_a_session(&world, &database).await?;
    let made = made(&world).await?;
    ensure!(made.len() >= 12, "{made:?}");

    world.services().delete("shop", &kube::api::DeleteParams::default()).await?;
    until(DEADLINE, "all that was made to be gone", async || self::made(&world).await.is_ok_and(|it| it.is_empty()))
        .await
        .with_context(|| format!("{made:?}"))?;
    world.api::<Secret>().get("mongodb").await?;

    // Declared again, it is as it was: the schema needs no change, and the session is there.
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    assert_eq!(session(&world, reqwest::Method::GET).await?, 200);
    let status = world.schemas().get("shop").await?.status.context("a status")?;
    assert_eq!((status.runs, status.plan.map(|plan| plan.outcome)), (1, Some("clean".to_owned())));
    Ok(())
}

#[tokio::test]
async fn deleting_the_definitions_deletes_services_and_leaves_the_secret_and_the_data() -> Result<()> {
    let world = World::apart("undefined").await?;
    let database = world.database().await?;
    let operator = world.operator()?;
    with_a_session(&world, &database).await?;

    // The garbage collector looks for new kinds now and then; it knows those that it has collected after.
    world.played("shop-first", json!({})).await?;
    world.ready("shop-first").await?;
    world.services().delete("shop-first", &kube::api::DeleteParams::default()).await?;
    world.gone(Kind::Deployment, "shop-first").await?;

    // As the chart's README has it.
    let definitions = ["conversationservices.conversation.dev", "conversationschemas.conversation.dev"];
    output(world.plane.kubectl([&["delete", "crd"], &definitions[..]].concat())?).await?;
    until(DEADLINE, "all that was made to be gone", async || made(&world).await.is_ok_and(|made| made.is_empty()))
        .await?;
    world.api::<Secret>().get("mongodb").await?;
    ensure!(operator.process.exit_status()?.is_none(), "the operator waits for the definitions to come back");

    install(&world.plane).await?;
    world.real("shop", &database, json!({})).await?;
    world.ready("shop").await?;
    assert_eq!(session(&world, reqwest::Method::GET).await?, 200);
    Ok(())
}

/// A service with everything that may be asked for, and a session in its database.
async fn with_a_session(world: &World, database: &Database) -> Result<()> {
    let spec = json!({
        "exposure": {"ingress": {"host": "a.example"}},
        "networkPolicy": {},
        "telemetry": {"serviceMonitor": {}, "prometheusRule": {}},
    });
    world.real("shop", database, spec).await?;
    world.ready("shop").await?;
    assert_eq!(session(world, reqwest::Method::POST).await?, 201);
    Ok(())
}

/// Creates the session, or reads it, as a client would.
async fn session(world: &World, method: reqwest::Method) -> Result<u16> {
    let pod = world.pods("shop", "api").await?.pop().context("a pod")?;
    let url = world.plane.process_node().await?.pod_url(world.namespace.name(), &pod, "http")?;
    let client = reqwest::Client::new();
    let request = match method {
        reqwest::Method::POST => {
            client.post(format!("{url}/v1/sessions")).json(&json!({"sessionId": "sess_1", "language": "en-US"}))
        }
        method => client.request(method, format!("{url}/v1/sessions/sess_1")),
    };
    Ok(request.send().await?.status().as_u16())
}

/// Everything in the namespace that the operator's objects are made of, their pods included.
async fn made(world: &World) -> Result<Vec<String>> {
    let mut made = Vec::new();
    for kind in Kind::ALL {
        let objects = match world.kind(kind).list(&ListParams::default()).await {
            Ok(objects) => objects,
            // A kind that is no longer defined has no objects.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => return Err(error.into()),
        };
        let names = objects.iter().map(ResourceExt::name_any);
        made.extend(names.filter(|name| name.starts_with("shop")).map(|name| format!("{kind:?} {name}")));
    }
    Ok(made)
}
