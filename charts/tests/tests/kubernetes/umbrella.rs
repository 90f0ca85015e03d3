//! The charts as dependencies of another one.

use std::fs;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cluster::helm;
use super::operator::alone;
use super::support::{HELMS, RELEASE, at, charts, objects, text, told};

/// Where the images of a chart are.
const IMAGES: &str = "image: { registry: registry.example.com/voice }";

#[test]
fn a_parent_chart_turns_each_chart_on_and_off_by_its_condition() -> Result<()> {
    let parent = parent(IMAGES)?;
    for helm in HELMS {
        let deployments = |more: &[&str]| -> Result<Vec<String>> {
            let objects = rendered(helm, &parent, more)?;
            let mut names: Vec<String> =
                deployments(&objects).map(|deployment| at(deployment, "/metadata/name").to_owned()).collect();
            names.sort();
            Ok(names)
        };
        let (operator, service) = ("calls-conversation-operator".to_owned(), "calls-conversation-service".to_owned());
        assert_eq!(deployments(&[])?, [operator.clone(), service.clone()], "{helm:?}");
        let both = ["--set", "conversation-service.enabled=true,conversation-operator.enabled=true"];
        assert_eq!(deployments(&both)?, [operator.clone(), service.clone()], "{helm:?}");
        assert_eq!(deployments(&["--set", "conversation-service.enabled=false"])?, [operator], "{helm:?}");
        assert_eq!(deployments(&["--set", "conversation-operator.enabled=false"])?, [service], "{helm:?}");
    }
    Ok(())
}

#[test]
fn a_parent_chart_leaves_users_to_the_platform() -> Result<()> {
    let parent = parent(&format!("{IMAGES}\n  podSecurityContext: {{ platformAssignsUsers: true }}"))?;
    for helm in HELMS {
        let objects = rendered(helm, &parent, &[])?;
        assert_eq!(deployments(&objects).count(), 2, "{helm:?}");
        for deployment in deployments(&objects) {
            let security = deployment.pointer("/spec/template/spec/securityContext");
            let expected = json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
            assert_eq!(security, Some(&expected), "{helm:?}");
        }
    }
    Ok(())
}

#[test]
fn a_parent_chart_tells_where_images_are_and_what_they_are_pulled_with() -> Result<()> {
    let parent = parent("enabled: true")?;
    let global = ["--set", "global.imageRegistry=global.example.com/all,global.imagePullSecrets={everywhere}"];
    for helm in HELMS {
        let objects = rendered(helm, &parent, &global)?;
        assert_eq!(deployments(&objects).count(), 2, "{helm:?}");
        for deployment in deployments(&objects) {
            let pod = &deployment["spec"]["template"]["spec"];
            assert!(at(pod, "/containers/0/image").starts_with("global.example.com/all/conversation-"), "{pod}");
            assert_eq!(pod["imagePullSecrets"], json!([{ "name": "everywhere" }]), "{helm:?}");
        }
    }
    Ok(())
}

#[test]
fn an_alias_that_no_service_can_have_in_its_name_is_refused() -> Result<()> {
    for (name, alias) in [("conversation-service", "callService"), ("conversation-operator", "call_operator")] {
        let parent = parent(IMAGES)?;
        for (file, from, to) in [
            ("Chart.yaml", format!("condition: {name}"), format!("alias: {alias}, condition: {name}")),
            ("values.yaml", format!("{name}:"), format!("{alias}:")),
        ] {
            let file = parent.path().join(file);
            fs::write(&file, fs::read_to_string(&file)?.replace(&from, &to))?;
        }
        for helm in HELMS {
            let refusal = rendered(helm, &parent, &[]).expect_err(alias);
            let expected = format!("fullnameOverride is needed: calls-{alias}, made from");
            assert!(format!("{refusal:#}").contains(&expected), "{helm:?}: {refusal:#}");
            rendered(helm, &parent, &["--set", &format!("{alias}.fullnameOverride=calls-2")])?;
        }
    }
    Ok(())
}

/// The reason why the READMEs tell to install the operator first, by a release of its own.
#[tokio::test]
async fn a_parent_chart_cannot_bring_the_operator_together_with_its_objects() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let parent = parent(IMAGES)?;
    let install = ["install", RELEASE, text(parent.path()), "--set", "conversation-service.migration.gate=operator"];
    for version in HELMS {
        told(version, &["dependency", "update", text(parent.path())])?;
        let namespace = plane.restricted_namespace("together").await?;
        let refusal = helm(plane, version, &namespace, &install).await.expect_err("a kind without a definition");
        assert!(
            format!("{refusal:#}").contains(r#"no matches for kind "ConversationSchema""#),
            "{version:?}: {refusal:#}"
        );
    }
    Ok(())
}

/// A chart that has both as its dependencies, with lines of values for each.
fn parent(lines: &str) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let mut parent = "apiVersion: v2\nname: platform\nversion: 0.1.0\ndependencies:\n".to_owned();
    let mut values = String::new();
    for chart in charts() {
        let name = chart.file_name().and_then(|name| name.to_str()).context("name of a chart")?;
        let repository = chart.display();
        parent += &format!("  - {{ name: {name}, version: '>=0.0.0', condition: {name}.enabled, ");
        parent += &format!("repository: 'file://{repository}' }}\n");
        values += &format!("{name}:\n  {lines}\n");
        if name == "conversation-service" {
            values += "  mongodb: { existingSecret: mongodb }\n";
        }
    }
    fs::write(folder.path().join("Chart.yaml"), parent)?;
    fs::write(folder.path().join("values.yaml"), values)?;
    Ok(folder)
}

fn rendered(helm: Helm, parent: &TempDir, more: &[&str]) -> Result<Vec<Value>> {
    told(helm, &["dependency", "update", text(parent.path())])?;
    objects(&told(helm, &[&["template", RELEASE, text(parent.path())], more].concat())?)
}

fn deployments(objects: &[Value]) -> impl Iterator<Item = &Value> {
    objects.iter().filter(|object| at(object, "/kind") == "Deployment")
}
