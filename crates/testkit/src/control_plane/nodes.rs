//! The nodes that kwok plays: pods on them become ready and Jobs complete, though nothing runs.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;

/// Only nodes with it are kwok's.
pub(super) const ANNOTATION: &str = "kwok.x-k8s.io/node";
/// As many as the zones of a usual region, so that pods can be spread.
const ZONES: [&str; 3] = ["a", "b", "c"];

pub(super) async fn create(client: Client) -> Result<()> {
    let nodes: Api<Node> = Api::all(client);
    for zone in ZONES {
        let node = node(zone)?;
        nodes.create(&PostParams::default(), &node).await.with_context(|| node.name_any())?;
    }
    Ok(())
}

fn node(zone: &str) -> Result<Node> {
    let name = format!("fake-{zone}");
    let room = json!({ "cpu": "32", "memory": "256Gi", "pods": "1000" });
    let node = json!({
        "metadata": {
            "name": name,
            "annotations": { ANNOTATION: "fake" },
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "status": { "allocatable": room, "capacity": room },
    });
    serde_json::from_value(node).context("node")
}
