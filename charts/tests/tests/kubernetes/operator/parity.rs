//! The operator is the same whether it comes by Helm or by kustomize, and what is said of it is so in its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::{Helm, output};
use serde_json::{Value, json};

use super::super::support::{at, objects, operator_chart, root, text};
use super::rendered;

#[tokio::test]
async fn the_cluster_wide_overlay_is_what_the_chart_makes_of_its_defaults() -> Result<()> {
    let minimal = operator_chart().join("ci/minimal-values.yaml");
    let mut chart = named(rendered(Helm::V4, &minimal, &["--namespace", "conversation-system"])?);
    // Two defaults that the chart says, since variables of `extraEnvFrom` would win over them; the overlay has no such.
    let environment = "/spec/template/spec/containers/0/env";
    let deployment = chart.get_mut("Deployment/conversation-operator");
    let variables = deployment.and_then(|deployment| deployment.pointer_mut(environment)?.as_array_mut());
    let said = [json!({ "name": "WATCH_NAMESPACE", "value": "" }), json!({ "name": "HOST", "value": "0.0.0.0" })];
    variables.context("variables")?.retain(|variable| !said.contains(variable));
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

#[test]
fn the_variables_that_the_chart_sets_are_settings_of_the_operator() -> Result<()> {
    let config = fs::read_to_string(root().join("k8s/operator/src/config.rs"))?;
    let settings: BTreeSet<&str> = between(&config, "env = \"", '"').collect();
    let single = operator_chart().join("ci/single-namespace-values.yaml");
    let objects = named(rendered(Helm::V4, &single, &[])?);
    let deployment = &objects["Deployment/conversation-operator"];
    let variables = deployment.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array);
    let variables: Vec<&str> = variables.into_iter().flatten().map(|variable| at(variable, "/name")).collect();
    assert!(variables.len() > 5, "{variables:?}");
    let unknown: Vec<_> = variables.into_iter().filter(|name| !settings.contains(name)).collect();
    assert_eq!(unknown, [""; 0], "they are not among {settings:?}");
    Ok(())
}

#[test]
fn the_alerts_speak_of_metrics_that_the_operator_has() -> Result<()> {
    let metrics = fs::read_to_string(root().join("k8s/operator/src/metrics.rs"))?;
    let metrics: BTreeSet<&str> = between(&metrics, "\"conversation_operator_", '"').collect();
    let alerts = fs::read_to_string(operator_chart().join("files/alerts.yaml"))?;
    let spoken: BTreeSet<&str> = between(&alerts, "conversation_operator_", '{').collect();
    assert!(spoken.len() >= 3, "{spoken:?}");
    assert_eq!(spoken.difference(&metrics).collect::<Vec<_>>(), [&""; 0], "they are not among {metrics:?}");
    Ok(())
}

/// What stands between each opening and the next closing.
fn between<'a>(text: &'a str, open: &str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}
