//! What controllers, the scheduler and the played nodes do together.

use anyhow::Result;
use conversation_testkit::{ControlPlane, until};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::DEADLINE;

fn template(restart: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": {
            "restartPolicy": restart,
            "containers": [{ "name": "web", "image": "example.com/web:1" }],
        },
    })
}

#[tokio::test]
async fn a_deployment_becomes_available_on_the_played_nodes() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let namespace = plane.namespace("deployment").await?;
    let deployments: Api<Deployment> = Api::namespaced(plane.client()?, namespace.name());
    let deployment = json!({
        "metadata": { "name": "web" },
        "spec": { "replicas": 3, "selector": { "matchLabels": { "app": "web" } }, "template": template("Always") },
    });
    deployments.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;

    until(DEADLINE, "three available replicas", async || {
        let status = deployments.get("web").await.ok().and_then(|deployment| deployment.status);
        status.and_then(|status| status.available_replicas) == Some(3)
    })
    .await
}

#[tokio::test]
async fn a_job_completes_on_the_played_nodes() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let namespace = plane.namespace("job").await?;
    let jobs: Api<Job> = Api::namespaced(plane.client()?, namespace.name());
    let job = json!({ "metadata": { "name": "once" }, "spec": { "template": template("Never") } });
    jobs.create(&PostParams::default(), &serde_json::from_value(job)?).await?;

    until(DEADLINE, "a completed Job", async || {
        let status = jobs.get("once").await.ok().and_then(|job| job.status);
        status.and_then(|status| status.succeeded) == Some(1)
    })
    .await
}

#[tokio::test]
async fn what_an_object_owns_goes_with_it() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let namespace = plane.namespace("owner").await?;
    let objects: Api<ConfigMap> = Api::namespaced(plane.client()?, namespace.name());
    let owner = json!({ "metadata": { "name": "owner" } });
    let owner: ConfigMap = objects.create(&PostParams::default(), &serde_json::from_value(owner)?).await?;
    let reference = json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid });
    let owned = json!({ "metadata": { "name": "owned", "ownerReferences": [reference] } });
    objects.create(&PostParams::default(), &serde_json::from_value(owned)?).await?;

    objects.delete("owner", &DeleteParams::default()).await?;

    until(DEADLINE, "the owned object to be gone", async || matches!(objects.get_opt("owned").await, Ok(None))).await
}
