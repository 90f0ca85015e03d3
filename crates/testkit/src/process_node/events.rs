//! What a kubelet tells of a pod in events only.

use k8s_openapi::api::core::v1 as core;
use kube::api::{Api, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::pod::PodRun;
use super::status::now;

/// Warns of something that is in the way of a pod; tells whether that could be said.
pub(super) async fn warn(run: &PodRun, reason: &str, message: &str) -> bool {
    let (pod, now) = (&run.pod, now());
    let event = json!({
        "metadata": { "generateName": format!("{}.", pod.name_any()) },
        "involvedObject": pod.object_ref(&()),
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": { "component": "kubelet" },
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    });
    let Ok(event) = serde_json::from_value(event) else { return false };
    let events: Api<core::Event> = Api::namespaced(run.node.client.clone(), &pod.namespace().unwrap_or_default());
    events.create(&PostParams::default(), &event).await.is_ok()
}
