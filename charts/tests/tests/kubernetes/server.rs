//! What the API server says to each topology, with every field checked, in a namespace for restricted pods only.

use std::fs;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::{Helm, Version};
use conversation_testkit::{ControlPlane, until};

use crate::DEADLINE;

use super::cluster::{file, kubectl, prepare, restricted, shared};
use super::support::{HELMS, RELEASE, chart, manifest, topologies};

#[tokio::test]
async fn the_newest_kubernetes_takes_every_topology() -> Result<()> {
    takes_every_topology(shared().await?).await
}

#[tokio::test]
async fn the_oldest_kubernetes_takes_every_topology() -> Result<()> {
    let plane = ControlPlane::start(Version::Oldest).await?;
    prepare(&plane).await?;
    takes_every_topology(&plane).await
}

#[tokio::test]
async fn applying_a_topology_again_changes_nothing() -> Result<()> {
    let plane = shared().await?;
    for (name, values) in topologies()? {
        let namespace = restricted(plane, &name).await?;
        let manifest = file(plane, &format!("again-{name}"), &manifest(Helm::V4, &values, &[])?)?;
        kubectl(plane, &namespace, &["apply", "--server-side", "--filename", &manifest]).await?;
        // It ends with an error when something differs, be it that a pod became ready between the two looks that it takes.
        let again = ["diff", "--server-side", "--filename", &manifest];
        until(DEADLINE, "nothing to differ", async || kubectl(plane, &namespace, &again).await.is_ok())
            .await
            .with_context(|| name)?;
    }
    Ok(())
}

#[tokio::test]
async fn the_readmes_examples_for_argo_cd_and_flux_are_taken() -> Result<()> {
    let plane = shared().await?;
    let namespace = restricted(plane, "gitops").await?;
    let readme = fs::read_to_string(chart().join("README.md"))?;
    let examples: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2, "one for Argo CD and one for Flux");
    for (number, example) in examples.iter().enumerate() {
        // Where objects are told to be is not a namespace of the test's.
        let example = ["argocd", "voice", "flux-system"].iter().fold((*example).to_owned(), |text, theirs| {
            text.replace(&format!("namespace: {theirs} }}\nspec"), &format!("namespace: {namespace} }}\nspec"))
        });
        let file = file(plane, &format!("example-{number}"), &example)?;
        kubectl(plane, &namespace, &strictly(&file)).await.with_context(|| example)?;
    }
    Ok(())
}

async fn takes_every_topology(plane: &ControlPlane) -> Result<()> {
    let namespace = restricted(plane, "strict").await?;
    // Pods are refused without it, and a dry run does not make it.
    let account = format!("{RELEASE}-conversation-service");
    kubectl(plane, &namespace, &["create", "serviceaccount", &account]).await?;
    for helm in HELMS {
        for (name, values) in topologies()? {
            let manifest = file(plane, &format!("strict-{name}"), &manifest(helm, &values, &[])?)?;
            kubectl(plane, &namespace, &strictly(&manifest)).await.with_context(|| format!("{helm:?} {name}"))?;
        }
    }
    Ok(())
}

/// Asks the API server about every object, and takes what it only warns of as a refusal.
fn strictly(manifest: &str) -> [&str; 7] {
    let dry = "--dry-run=server";
    ["apply", "--server-side", dry, "--validate=strict", "--warnings-as-errors", "--filename", manifest]
}
