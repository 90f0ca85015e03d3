//! The node as the control plane knows it, and the sign of life without which its pods would be evicted.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::time::sleep;

use super::NAME;

/// The label and the taint.
pub(super) const KEY: &str = "conversation.dev/node";
const LEASES: &str = "kube-node-lease";
/// A node is given up after 50 seconds without a sign of life.
const RENEW: Duration = Duration::from_secs(5);

/// Makes the node and says that it is ready.
pub(super) async fn register(client: &Client) -> Result<()> {
    let nodes: Api<core::Node> = Api::all(client.clone());
    let room = json!({ "cpu": "32", "memory": "256Gi", "pods": "500", "ephemeral-storage": "100Gi" });
    let node = json!({
        "metadata": {
            "name": NAME,
            "labels": { KEY: NAME, "kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux" },
        },
        "spec": { "taints": [{ "key": KEY, "value": NAME, "effect": "NoSchedule" }] },
    });
    nodes.create(&PostParams::default(), &serde_json::from_value(node)?).await.context("node")?;
    let now = Timestamp::now().to_string();
    let status = json!({
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": [{ "type": "Hostname", "address": NAME }, { "type": "InternalIP", "address": "127.0.0.1" }],
            "conditions": [{
                "type": "Ready",
                "status": "True",
                "reason": "KubeletReady",
                "message": "runs pods as processes",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }],
        },
    });
    nodes.patch_status(NAME, &PatchParams::default(), &Patch::Strategic(status)).await.context("status of the node")?;
    Ok(())
}

/// Renews the node's lease for ever.
pub(super) async fn renew(client: Client) {
    let leases: Api<Lease> = Api::namespaced(client, LEASES);
    let parameters = PatchParams::apply("testkit").force();
    loop {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": NAME },
            "spec": {
                "holderIdentity": NAME,
                "leaseDurationSeconds": 40,
                "renewTime": MicroTime(Timestamp::now()),
            },
        });
        // While the API server is gone nobody can be told, nor can anybody give the node up.
        let _ = leases.patch(NAME, &parameters, &Patch::Apply(lease)).await;
        sleep(RENEW).await;
    }
}
