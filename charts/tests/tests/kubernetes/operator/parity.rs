//! The operator is the same whether it comes by Helm or by kustomize.

use std::collections::BTreeMap;

use anyhow::Result;
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::{Helm, output};
use serde_json::Value;

use super::super::support::{at, objects, operator_chart, root, text};
use super::rendered;

#[tokio::test]
async fn the_cluster_wide_overlay_is_what_the_chart_makes_of_its_defaults() -> Result<()> {
    let minimal = operator_chart().join("ci/minimal-values.yaml");
    let mut chart = named(rendered(Helm::V4, &minimal, &["--namespace", "conversation-system"])?);
    for (name, object) in named(kustomized("k8s/overlays/cluster-wide").await?) {
        // Helm makes the namespace itself.
        if name != "Namespace/conversation-system" {
            assert_eq!(chart.remove(&name), Some(object), "{name}");
        }
    }
    assert_eq!(chart, BTreeMap::new());
    Ok(())
}

#[tokio::test]
async fn the_rights_in_one_namespace_are_those_in_all() -> Result<()> {
    let rules = async |overlay: &str, role: &str| {
        let objects = named(kustomized(overlay).await?);
        Ok::<_, anyhow::Error>(objects.get(role).map(|role| role["rules"].clone()))
    };
    let cluster = rules("k8s/overlays/cluster-wide", "ClusterRole/conversation-operator").await?;
    assert!(cluster.is_some());
    assert_eq!(cluster, rules("k8s/overlays/single-namespace", "Role/conversation-operator").await?);
    Ok(())
}

async fn kustomized(folder: &str) -> Result<Vec<Value>> {
    let plane = ControlPlane::shared().await?;
    objects(&output(plane.kubectl(["kustomize", text(&root().join(folder))])?).await?)
}

/// The objects by kind and name, without what tells who made them.
fn named(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let stripped = objects.into_iter().map(|mut object| {
        let name = format!("{}/{}", at(&object, "/kind"), at(&object, "/metadata/name"));
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|key, _| key == "name" || key == "labels");
        }
        for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
            if let Some(labels) = object.pointer_mut(labels).and_then(Value::as_object_mut) {
                labels.retain(|key, _| !key.starts_with("app.kubernetes.io/") && !key.starts_with("helm.sh/"));
            }
        }
        if object.pointer("/metadata/labels").is_some_and(|labels| labels == &serde_json::json!({})) {
            object["metadata"].as_object_mut().map(|metadata| metadata.remove("labels"));
        }
        (name, object)
    });
    stripped.collect()
}
