//! Pods that fail, each as the control plane is to see it.

use anyhow::{Context, Result, ensure};
use conversation_testkit::until;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Event};
use kube::api::{Api, ListParams, PostParams};
use serde_json::json;

use crate::support::{DEADLINE, Place, api, placed, waits_for};

#[tokio::test]
async fn an_image_that_is_not_ours_cannot_be_pulled() -> Result<()> {
    let place = Place::new("image").await?;
    place.create("api", api(json!({ "image": "example.com/other:1" }))).await?;
    let backs_off = |status: &ContainerStatus| (waits_for(status)? == "ImagePullBackOff").then_some(());
    place.container("api", "ImagePullBackOff", backs_off).await
}

#[tokio::test]
async fn a_missing_secret_is_a_configuration_error_until_it_is_there() -> Result<()> {
    let place = Place::new("missing").await?;
    let reference = json!({ "secretKeyRef": { "name": "later", "key": "level" } });
    let env = json!([
        { "name": "DATA_DIR", "value": "/data" },
        { "name": "LOG_LEVEL", "valueFrom": reference },
    ]);
    place.create("api", api(json!({ "env": env }))).await?;
    let message = place.container("api", "CreateContainerConfigError", |status| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        (waiting.reason.as_deref() == Some("CreateContainerConfigError")).then(|| waiting.message.clone())
    });
    assert_eq!(message.await?.as_deref(), Some("secret \"later\" not found"));

    place.secret("later", "level", "debug").await?;
    place.ready("api").await
}

#[tokio::test]
async fn a_secret_that_is_to_be_mounted_and_missing_is_told_of_in_an_event_only() -> Result<()> {
    let place = Place::new("unmounted").await?;
    let mut spec = api(json!({}));
    let certificates = json!({ "name": "tls", "secret": { "secretName": "later" } });
    spec["volumes"].as_array_mut().context("volumes")?.push(certificates);
    place.create("api", spec).await?;
    let id = place.pods.get("api").await?.metadata.uid.context("uid")?;
    let events: Api<Event> = Api::namespaced(place.plane.client()?, place.namespace.name());
    let about = ListParams::default().fields(&format!("involvedObject.uid={id},reason=FailedMount"));
    let message = until(DEADLINE, "an event", async || events.list(&about).await.ok()?.items.pop()?.message).await?;
    assert_eq!(message, "MountVolume.SetUp failed for volume \"tls\" : secret \"later\" not found");
    let quiet = |status: &ContainerStatus| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        (waiting.reason.as_deref() == Some("ContainerCreating") && waiting.message.is_none()).then_some(())
    };
    place.container("api", "ContainerCreating", quiet).await?;

    place.secret("later", "ca.crt", "x").await?;
    place.ready("api").await
}

#[tokio::test]
async fn a_job_fails_with_the_status_and_the_message_of_its_container() -> Result<()> {
    let place = Place::new("job").await?;
    let container = json!({
        "name": "migrator",
        "image": "example.com/conversation-migrator:0.1.0",
        "args": ["no-such-command"],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    let template = json!({ "spec": placed(json!({ "restartPolicy": "Never", "containers": [container] })) });
    let job = json!({ "metadata": { "name": "migrate" }, "spec": { "backoffLimit": 0, "template": template } });
    let jobs: Api<Job> = Api::namespaced(place.plane.client()?, place.namespace.name());
    jobs.create(&PostParams::default(), &serde_json::from_value(job)?).await?;

    until(DEADLINE, "a failed Job", async || {
        let status = jobs.get("migrate").await.ok().and_then(|job| job.status);
        status.and_then(|status| status.failed) == Some(1)
    })
    .await?;

    let pods = place.pods.list(&ListParams::default().labels("job-name=migrate")).await?;
    let status = pods.items.first().and_then(|pod| pod.status.clone()).context("status of the pod")?;
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    let state = status.container_statuses.and_then(|mut all| all.remove(0).state).context("state")?;
    let end = state.terminated.context("end")?;
    assert_eq!((end.exit_code, end.reason.as_deref()), (64, Some("Error")));
    ensure!(end.message.as_deref().unwrap_or_default().contains("no-such-command"), "{:?}", end.message);
    Ok(())
}

#[tokio::test]
async fn a_container_that_crashes_is_restarted_with_a_back_off() -> Result<()> {
    let place = Place::new("crash").await?;
    let env = json!([{ "name": "LOG_LEVEL", "value": "no=such=level" }]);
    place.create("api", api(json!({ "env": env }))).await?;
    let backs_off = |status: &ContainerStatus| (waits_for(status)? == "CrashLoopBackOff").then_some(());
    place.container("api", "CrashLoopBackOff", backs_off).await?;
    let again = |status: &ContainerStatus| (status.restart_count >= 2).then_some(());
    place.container("api", "a second restart", again).await
}

#[tokio::test]
async fn a_liveness_probe_that_fails_restarts_the_container() -> Result<()> {
    let place = Place::new("liveness").await?;
    let get = json!({ "path": "/no/such/path", "port": "management" });
    let probe = json!({ "httpGet": get, "periodSeconds": 1, "failureThreshold": 1 });
    place.create("api", api(json!({ "livenessProbe": probe }))).await?;
    let again = |status: &ContainerStatus| (status.restart_count >= 1).then_some(());
    place.container("api", "a restart", again).await
}

#[tokio::test]
async fn what_the_node_cannot_give_fails_the_pod_with_a_message() -> Result<()> {
    let place = Place::new("unsupported").await?;
    let mut spec = api(json!({}));
    spec["volumes"][0] = json!({ "name": "data", "hostPath": { "path": "/tmp" } });
    place.create("api", spec).await?;
    let message = until(DEADLINE, "a failed pod", async || {
        let status = place.pods.get("api").await.ok()?.status?;
        (status.phase.as_deref() == Some("Failed")).then_some(status.message).flatten()
    })
    .await?;
    assert_eq!(message, "the volume data is of a kind that this node has not");
    Ok(())
}
