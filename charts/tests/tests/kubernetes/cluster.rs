//! A control plane with everything that the chart can make use of, and what its clients say.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::{Helm, Namespace, Project, output};
use conversation_testkit::{ControlPlane, Process, product};
use tokio::sync::OnceCell;

use super::support::root;

/// Installing definitions takes seconds, and many tests want them.
static PREPARED: OnceCell<()> = OnceCell::const_new();

/// The control plane that tests share, prepared.
pub(crate) async fn shared() -> Result<&'static ControlPlane> {
    let plane = ControlPlane::shared().await?;
    PREPARED.get_or_try_init(|| prepare(plane)).await?;
    Ok(plane)
}

/// Makes what the topologies speak of: custom resources, ours included, and what it wants of nodes.
pub(crate) async fn prepare(plane: &ControlPlane) -> Result<()> {
    plane.install(&Project::ALL).await?;
    let ours = root().join("k8s/crds").display().to_string();
    output(plane.kubectl(["apply", "--server-side", "--filename", &ours])?).await?;
    plane.established(&["--filename", &ours]).await?;
    output(plane.kubectl(["create", "priorityclass", "business-critical", "--value=1000"])?).await?;
    output(plane.kubectl(["label", "nodes", "--all", "pool=voice"])?).await?;
    Ok(())
}

/// A namespace that refuses pods which are not restricted, and warns of what would make such pods.
pub(crate) async fn restricted(plane: &ControlPlane, name: &str) -> Result<Namespace> {
    let namespace = plane.restricted_namespace(name).await?;
    let label = "pod-security.kubernetes.io/warn=restricted";
    output(plane.kubectl(["label", "namespace", namespace.name(), label])?).await?;
    Ok(namespace)
}

/// An operator that looks after a namespace, as the administrator; it ends when dropped.
pub(crate) fn operator(plane: &ControlPlane, namespace: &Namespace) -> Result<Process> {
    let mut command = Command::new(product("conversation-operator")?);
    command.env_clear().env("KUBECONFIG", plane.kubeconfig());
    for variable in ["WATCH_NAMESPACE", "LEASE_NAMESPACE"] {
        command.env(variable, namespace.name());
    }
    let log = plane.directory().join(format!("{namespace}-operator.log"));
    Process::start(command.env("HOST", "127.0.0.1").env("PORT", "0"), &log)
}

/// Runs `kubectl` in a namespace.
pub(crate) async fn kubectl(plane: &ControlPlane, namespace: &Namespace, arguments: &[&str]) -> Result<String> {
    output(plane.kubectl([&["--namespace", namespace.name()], arguments].concat())?).await
}

/// Runs a Helm in a namespace.
pub(crate) async fn helm(
    plane: &ControlPlane,
    version: Helm,
    namespace: &Namespace,
    arguments: &[&str],
) -> Result<String> {
    output(plane.helm(version, [&["--namespace", namespace.name()], arguments].concat())?).await
}

/// Writes a manifest where `kubectl` finds it.
pub(crate) fn file(plane: &ControlPlane, name: &str, manifest: &str) -> Result<String> {
    let path = plane.directory().join(format!("{name}.yaml"));
    std::fs::write(&path, manifest).context("manifest")?;
    Ok(path.display().to_string())
}

/// Everything in a namespace, as `kind/name`; not events, which are of the past.
pub(crate) async fn contents(plane: &ControlPlane, namespace: &Namespace) -> Result<Vec<String>> {
    let kinds = plane.kubectl(["api-resources", "--namespaced", "--verbs=list,delete", "--output=name"])?;
    let kinds: Vec<String> =
        output(kinds).await?.lines().filter(|kind| !kind.starts_with("events")).map(str::to_owned).collect();
    let names = kubectl(plane, namespace, &["get", &kinds.join(","), "--output=name", "--ignore-not-found"]).await?;
    let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}
