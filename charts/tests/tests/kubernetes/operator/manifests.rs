//! What the API server says to every values file, overlay, sample and manifest, with every field checked.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::{Version, output};

use super::super::cluster::{file, prepare, restricted, shared};
use super::super::support::{HELMS, manifest_of, operator_chart, root, text, topologies_of};
use super::OPERATOR;

#[tokio::test]
async fn the_newest_kubernetes_takes_everything_of_the_operators() -> Result<()> {
    takes_everything(shared().await?).await
}

#[tokio::test]
async fn the_oldest_kubernetes_takes_everything_of_the_operators() -> Result<()> {
    let plane = ControlPlane::start(Version::Oldest).await?;
    prepare(&plane).await?;
    takes_everything(&plane).await
}

async fn takes_everything(plane: &ControlPlane) -> Result<()> {
    // Those that manifests name themselves.
    for namespace in ["conversation-system", "voice", "argocd", "flux-system"] {
        make_namespace(plane, namespace).await?;
    }
    let namespace = restricted(plane, "manifests").await?;
    for folder in overlays()? {
        strictly(plane, &["--kustomize", text(&folder)]).await?;
    }
    for helm in HELMS {
        for (name, values) in topologies_of(&operator_chart())? {
            let manifest = manifest_of(&operator_chart(), helm, OPERATOR, &values, &[])?;
            let file = file(plane, &format!("operator-{name}"), &manifest)?;
            let voice = if manifest.contains("namespace: \"voice\"") { "voice" } else { namespace.name() };
            strictly(plane, &["--namespace", voice, "--filename", &file]).await?;
        }
    }
    for manifest in manifests()? {
        // An object that names its namespace is refused in another one.
        let named = std::fs::read_to_string(&manifest)?.contains("\n  namespace: ");
        let place: &[&str] = if named { &[] } else { &["--namespace", namespace.name()] };
        strictly(plane, &[place, &["--filename", text(&manifest)]].concat()).await?;
    }
    Ok(())
}

async fn strictly(plane: &ControlPlane, arguments: &[&str]) -> Result<()> {
    let apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--warnings-as-errors"];
    output(plane.kubectl([&apply, arguments].concat())?).await.with_context(|| format!("{arguments:?}")).map(drop)
}

/// Makes a namespace, whether or not another test has.
async fn make_namespace(plane: &ControlPlane, name: &str) -> Result<()> {
    let manifest = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}");
    let file = file(plane, &format!("namespace-{name}"), &manifest)?;
    output(plane.kubectl(["apply", "--server-side", "--filename", &file])?).await.map(drop)
}

fn overlays() -> Result<Vec<PathBuf>> {
    let k8s = root().join("k8s");
    let overlays = k8s.join("overlays").read_dir()?.map(|entry| Ok(entry?.path()));
    let mut overlays = overlays.collect::<Result<Vec<_>>>()?;
    assert!(overlays.len() >= 3, "{overlays:?}");
    overlays.extend([k8s.join("crds"), k8s.join("base"), k8s.join("kind/operator")]);
    Ok(overlays)
}

/// The samples, and what is for kind and for the API server.
fn manifests() -> Result<Vec<PathBuf>> {
    let mut found = samples()?;
    for path in files(&root().join("k8s/kind"))? {
        let text = std::fs::read_to_string(&path)?;
        // The others are for kind itself, for kustomize and for Helm.
        let ours =
            !text.contains("kind.x-k8s.io") && !text.contains("kustomize.config") && text.contains("apiVersion:");
        found.extend(ours.then_some(path));
    }
    Ok(found)
}

/// The samples, those in folders included.
pub(super) fn samples() -> Result<Vec<PathBuf>> {
    let samples = files(&root().join("k8s/samples"))?;
    assert!(samples.len() >= 13, "{samples:?}");
    Ok(samples)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
