//! Pods for the node of processes.

use std::time::Duration;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Namespace;
use conversation_testkit::{ControlPlane, ProcessNode, until};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, Secret};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// Long against what a program needs to start on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The node, a namespace of the test's own, and the pods in it.
pub(crate) struct Place {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) node: &'static ProcessNode,
    pub(crate) namespace: Namespace,
    pub(crate) pods: Api<Pod>,
}

impl Place {
    pub(crate) async fn new(name: &str) -> Result<Self> {
        let plane = ControlPlane::shared().await?;
        let node = plane.process_node().await?;
        let namespace = plane.namespace(name).await?;
        let pods = Api::namespaced(plane.client()?, namespace.name());
        Ok(Self { plane, node, namespace, pods })
    }

    /// Makes a pod of that name.
    pub(crate) async fn create(&self, name: &str, spec: Value) -> Result<()> {
        let pod = json!({ "metadata": { "name": name }, "spec": placed(spec) });
        self.pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await.context("pod")?;
        Ok(())
    }

    /// Makes a Secret with one key.
    pub(crate) async fn secret(&self, name: &str, key: &str, value: &str) -> Result<()> {
        let secret = json!({ "metadata": { "name": name }, "stringData": { key: value } });
        let secrets: Api<Secret> = Api::namespaced(self.plane.client()?, self.namespace.name());
        secrets.create(&PostParams::default(), &serde_json::from_value(secret)?).await.context("secret")?;
        Ok(())
    }

    /// Waits for something of the only container of a pod.
    pub(crate) async fn container<T>(
        &self,
        pod: &str,
        what: &str,
        wanted: impl Fn(&ContainerStatus) -> Option<T>,
    ) -> Result<T> {
        let found = until(DEADLINE, what, async || {
            let status = self.pods.get(pod).await.ok()?.status?;
            status.container_statuses?.first().and_then(&wanted)
        })
        .await;
        let Err(error) = found else { return found };
        let log = self.node.container_log(self.namespace.name(), pod, "api").unwrap_or_default();
        let status = self.pods.get(pod).await?.status;
        Err(error.context(format!("status: {status:#?}\nlog: {log}")))
    }

    /// Waits until a pod is ready.
    pub(crate) async fn ready(&self, pod: &str) -> Result<()> {
        self.container(pod, "a ready container", |status| status.ready.then_some(())).await?;
        until(DEADLINE, "a ready pod", async || {
            let conditions = self.pods.get(pod).await.ok().and_then(|pod| pod.status?.conditions).unwrap_or_default();
            conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        })
        .await
    }
}

/// A specification, with what gets a pod to this node.
pub(crate) fn placed(mut spec: Value) -> Value {
    if let (Some(spec), Value::Object(placement)) = (spec.as_object_mut(), ProcessNode::placement()) {
        spec.extend(placement);
    }
    spec
}

/// The API on its embedded store, with more fields for its container.
pub(crate) fn api(fields: Value) -> Value {
    let probe = |path: &str, threshold: u32| json!({ "httpGet": { "path": path, "port": "management" }, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": threshold });
    let mut container = json!({
        "name": "api",
        "image": "example.com/conversation-api:0.1.0",
        "ports": [
            { "name": "http", "containerPort": 3000 },
            { "name": "management", "containerPort": 9090 },
        ],
        "env": [
            { "name": "PORT", "value": "3000" },
            { "name": "MANAGEMENT_PORT", "value": "9090" },
            { "name": "LOG_FORMAT", "value": "json" },
            { "name": "DATA_DIR", "value": "/data" },
        ],
        "startupProbe": probe("/health/live", 60),
        "readinessProbe": probe("/health/ready", 3),
        "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
    });
    if let (Some(container), Value::Object(fields)) = (container.as_object_mut(), fields) {
        container.extend(fields);
    }
    json!({
        "terminationGracePeriodSeconds": 20,
        "automountServiceAccountToken": false,
        "volumes": [{ "name": "data", "emptyDir": {} }],
        "containers": [container],
    })
}

/// The reason for which a container waits.
pub(crate) fn waits_for(status: &ContainerStatus) -> Option<&str> {
    status.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}
