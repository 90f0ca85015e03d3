//! The charts as dependencies of another one.

use std::fs;

use anyhow::{Context, Result};

use super::support::{HELMS, RELEASE, at, charts, objects, text, told};

#[test]
fn a_parent_chart_turns_each_chart_on_and_off_by_its_condition() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut parent = "apiVersion: v2\nname: platform\nversion: 0.1.0\ndependencies:\n".to_owned();
    for chart in charts() {
        let name = chart.file_name().and_then(|name| name.to_str()).context("name of a chart")?;
        let repository = chart.display();
        parent += &format!("  - {{ name: {name}, version: '>=0.0.0', condition: {name}.enabled, ");
        parent += &format!("repository: 'file://{repository}' }}\n");
    }
    fs::write(folder.path().join("Chart.yaml"), parent)?;
    let values = "
conversation-service: { image: { registry: registry.example.com/voice }, mongodb: { existingSecret: mongodb } }
conversation-operator: { image: { registry: registry.example.com/voice } }
";
    fs::write(folder.path().join("values.yaml"), values)?;
    for helm in HELMS {
        told(helm, &["dependency", "update", text(folder.path())])?;
        let deployments = |more: &[&str]| -> Result<Vec<String>> {
            let manifest = told(helm, &[&["template", RELEASE, text(folder.path())], more].concat())?;
            let objects = objects(&manifest)?;
            let deployments = objects.iter().filter(|object| at(object, "/kind") == "Deployment");
            let mut names: Vec<String> =
                deployments.map(|deployment| at(deployment, "/metadata/name").to_owned()).collect();
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
