//! The operator as its chart installs it, in pods that really run, with the rights of one namespace.

use anyhow::{Context, Result};
use conversation_testkit::control_plane::{Helm, Namespace};
use conversation_testkit::{ControlPlane, ProcessNode, ReplicaSet, unique_database, until};
use serde_json::{Value, json};

use crate::DEADLINE;

use super::super::cluster::{contents, file, helm, kubectl, text};
use super::super::support::{at, objects, operator_chart, root};
use super::{OPERATOR, alone};

/// So long that waiting for it to expire would be seen.
const LEASE_SECONDS: u64 = 300;

#[tokio::test]
async fn a_release_brings_services_up_and_its_pods_take_over_from_each_other() -> Result<()> {
    let (plane, _turn) = alone().await?;
    plane.process_node().await?;
    let system = plane.restricted_namespace("works").await?;
    let users = plane.restricted_namespace("calls").await?;
    let before = contents(plane, &system).await?;
    let values = json!({
        "image": { "registry": "registry.example.com/voice" },
        "watchNamespace": users.name(),
        "leaseSeconds": LEASE_SECONDS,
        "nodeSelector": ProcessNode::placement()["nodeSelector"],
        "tolerations": ProcessNode::placement()["tolerations"],
    });
    let (chart, values) = (text(&operator_chart()), file(plane, "works-values", &values.to_string())?);
    let install = ["install", OPERATOR, &chart, "--values", &values, "--wait", "--timeout", "5m"];
    helm(plane, Helm::V4, &system, &install).await?;
    let (database, first) = (unique_database(), holder(plane, &system).await?);

    declare(plane, &users, &database, "0.1.0").await?;
    ready(plane, &users).await?;

    // It gives the lease back when it ends, so that nobody waits for the lease to expire.
    let (pod, _) = first.split_once('_').context("the name of a pod")?;
    kubectl(plane, &system, &["delete", "pod", pod, "--wait=false"]).await?;
    until(DEADLINE, "another pod to take over", async || holder(plane, &system).await.is_ok_and(|now| now != first))
        .await?;
    // Whoever took over works.
    declare(plane, &users, &database, "0.1.1").await?;
    ready(plane, &users).await?;
    let image = "--output=jsonpath={.spec.template.spec.containers[0].image}";
    let image = kubectl(plane, &users, &["get", "deployment", "calls", image]).await?;
    assert_eq!(image, "registry.example.com/voice/conversation-api:0.1.1");
    helm(plane, Helm::V4, &system, &["uninstall", OPERATOR, "--wait"]).await?;
    // What stays is what the README names.
    until(DEADLINE, "all but the lease to be gone", async || {
        let now = contents(plane, &system).await.unwrap_or_default();
        let left: Vec<&String> = now.iter().filter(|name| !before.contains(name)).collect();
        left == ["lease.coordination.k8s.io/conversation-operator"]
    })
    .await?;

    // Services do not depend on the operator.
    let replicas = "--output=jsonpath={.status.readyReplicas}";
    assert_eq!(kubectl(plane, &users, &["get", "deployment", "calls", replicas]).await?, "2");
    Ok(())
}

/// The smallest sample, on a MongoDB and a node that there are.
async fn declare(plane: &ControlPlane, namespace: &Namespace, database: &str, version: &str) -> Result<()> {
    let sample = std::fs::read_to_string(root().join("k8s/samples/minimal.yaml"))?;
    let mut service = objects(&sample)?.pop().context("a service")?;
    let secret = at(&service, "/spec/mongodb/uriSecret/name").to_owned();
    service["spec"]["image"]["tag"] = Value::from(version);
    service["spec"]["pod"] = ProcessNode::placement();
    let uri = json!({ "uri": ReplicaSet::shared().await?.uri() });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": secret }, "stringData": uri });
    service["spec"]["mongodb"]["database"] = Value::from(database);
    let file = file(plane, "works-service", &format!("{secret}\n---\n{service}"))?;
    kubectl(plane, namespace, &["apply", "--server-side", "--filename", &file]).await.map(drop)
}

/// Waits until what was said of the service is of its newest generation, and good.
async fn ready(plane: &ControlPlane, namespace: &Namespace) -> Result<()> {
    let get = ["get", "conversationservice", "calls", "--output=json"];
    let waited = until(DEADLINE, "the service to be ready", async || {
        let service: Value = serde_json::from_str(&kubectl(plane, namespace, &get).await.ok()?).ok()?;
        let observed = service["status"]["observedGeneration"] == service["metadata"]["generation"];
        let conditions = service["status"]["conditions"].as_array()?;
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
        (observed && ready["status"] == "True").then_some(())
    })
    .await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => {
            let state = ["get", "conversationservices,conversationschemas,jobs,pods", "--output=yaml"];
            Err(error).context(kubectl(plane, namespace, &state).await?)
        }
    }
}

/// Who works: the name of a pod, and what tells one run of it from another.
async fn holder(plane: &ControlPlane, namespace: &Namespace) -> Result<String> {
    until(DEADLINE, "a pod to work", async || {
        let get = ["get", "lease", OPERATOR, "--output=jsonpath={.spec.holderIdentity}"];
        kubectl(plane, namespace, &get).await.ok().filter(|holder| !holder.is_empty())
    })
    .await
}
