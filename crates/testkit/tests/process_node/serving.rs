//! Pods that serve.

use std::time::Instant;

use anyhow::{Result, ensure};
use conversation_testkit::until;
use k8s_openapi::api::core::v1::{ContainerStatus, Secret};
use kube::api::{Api, DeleteParams, ListParams};
use serde_json::json;

use crate::support::{DEADLINE, Place, api};

#[tokio::test]
async fn a_pod_of_the_api_becomes_ready_answers_and_is_ended_within_its_grace() -> Result<()> {
    let place = Place::new("serving").await?;
    let lifecycle = json!({ "lifecycle": { "preStop": { "sleep": { "seconds": 1 } } } });
    place.create("api", api(lifecycle)).await?;
    place.ready("api").await?;

    let url = place.node.pod_url(place.namespace.name(), "api", "http")?;
    let answer = reqwest::get(format!("{url}/v1/sessions")).await?;
    ensure!(answer.status().is_success() || answer.status().is_client_error(), "{answer:?}");
    assert_eq!(reqwest::get(format!("{url}/health/ready")).await?.status(), 200);

    let begin = Instant::now();
    place.pods.delete("api", &DeleteParams::default()).await?;
    until(DEADLINE, "the pod to be gone", async || matches!(place.pods.get_opt("api").await, Ok(None))).await?;
    let took = begin.elapsed();
    ensure!((1..20).contains(&took.as_secs()), "the hook takes one second and the grace is twenty: {took:?}");
    let log = place.node.container_log(place.namespace.name(), "api", "api")?;
    ensure!(log.contains("listening"), "{log}");
    ensure!(reqwest::get(url).await.is_err(), "nothing listens any more");
    Ok(())
}

#[tokio::test]
async fn a_container_that_is_killed_is_restarted_and_ready_again() -> Result<()> {
    let place = Place::new("killed").await?;
    place.create("api", api(json!({}))).await?;
    place.ready("api").await?;

    place.node.kill_container(place.namespace.name(), "api", "api")?;

    let code = place.container("api", "a restart", |status| {
        let last = status.last_state.as_ref()?.terminated.as_ref()?;
        (status.restart_count == 1 && status.ready).then_some(last.exit_code)
    });
    assert_eq!(code.await?, 137);
    Ok(())
}

#[tokio::test]
async fn a_secret_reaches_a_container_as_a_variable() -> Result<()> {
    let place = Place::new("variable").await?;
    place.secret("settings", "level", "no=such=level").await?;
    let reference = json!({ "secretKeyRef": { "name": "settings", "key": "level" } });
    let mut spec = api(json!({ "env": [{ "name": "LOG_LEVEL", "valueFrom": reference }] }));
    spec["restartPolicy"] = json!("Never");
    place.create("api", spec).await?;

    assert_eq!(place.container("api", "an end", exit_code).await?, 78);
    let log = place.node.container_log(place.namespace.name(), "api", "api")?;
    ensure!(log.contains("LOG_LEVEL is \"no=such=level\""), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_secret_reaches_a_container_as_a_file() -> Result<()> {
    let place = Place::new("file").await?;
    place.secret("settings", "uri", "no-such-scheme://host").await?;
    let mut spec = api(json!({ "env": [{ "name": "MONGODB_URI_FILE", "value": "/settings/uri" }] }));
    spec["restartPolicy"] = json!("Never");
    spec["volumes"][0] = json!({ "name": "data", "secret": { "secretName": "settings" } });
    spec["containers"][0]["volumeMounts"][0]["mountPath"] = json!("/settings");
    place.create("api", spec).await?;

    assert_eq!(place.container("api", "an end", exit_code).await?, 1);
    let log = place.node.container_log(place.namespace.name(), "api", "api")?;
    ensure!(log.contains("MONGODB_URI is not a valid connection string"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_pod_gets_the_rights_of_its_service_account() -> Result<()> {
    let place = Place::new("account").await?;
    let mut spec = api(json!({}));
    spec["automountServiceAccountToken"] = json!(true);
    place.create("api", spec).await?;
    place.ready("api").await?;

    let kubeconfig = place.node.pod_directory(place.namespace.name(), "api")?.join("kubeconfig");
    let secrets: Api<Secret> = Api::namespaced(place.plane.client_of(&kubeconfig).await?, place.namespace.name());
    let refused = secrets.list(&ListParams::default()).await.map_err(|error| error.to_string());
    let user = format!("system:serviceaccount:{}:default", place.namespace);
    ensure!(refused.as_ref().is_err_and(|message| message.contains(&user)), "{refused:?}");
    Ok(())
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    Some(status.state.as_ref()?.terminated.as_ref()?.exit_code)
}
