//! The chart, its values files, and what Helm makes of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use conversation_testkit::control_plane::Helm;
use conversation_testkit::{helm3, helm4};
use serde::Deserialize;
use serde_json::Value;

/// Both of them.
pub(crate) const HELMS: [Helm; 2] = [Helm::V3, Helm::V4];
/// The name of the release in what is only rendered.
pub(crate) const RELEASE: &str = "calls";

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is at charts/tests, two levels below the root.
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// The service's chart.
pub(crate) fn chart() -> PathBuf {
    root().join("charts/conversation-service")
}

/// The operator's chart.
pub(crate) fn operator_chart() -> PathBuf {
    root().join("charts/conversation-operator")
}

/// Both charts.
pub(crate) fn charts() -> [PathBuf; 2] {
    [chart(), operator_chart()]
}

/// The values files of the supported topologies of the service's chart, by name.
pub(crate) fn topologies() -> Result<Vec<(String, PathBuf)>> {
    topologies_of(&chart())
}

/// The values files of the supported topologies of a chart, by name.
pub(crate) fn topologies_of(chart: &Path) -> Result<Vec<(String, PathBuf)>> {
    let folder = chart.join("ci");
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix("-values.yaml"));
        files.push((name.with_context(|| format!("name of {}", path.display()))?.to_owned(), path));
    }
    files.sort();
    Ok(files)
}

/// The values file of one topology.
pub(crate) fn topology(name: &str) -> PathBuf {
    chart().join(format!("ci/{name}-values.yaml"))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of the repository are texts")
}

/// Runs a Helm that has no cluster, and tells how it ended.
pub(crate) fn run(helm: Helm, arguments: &[&str]) -> Result<Output> {
    let home = tempfile::tempdir().context("temporary directory")?;
    let program = match helm {
        Helm::V3 => helm3()?,
        Helm::V4 => helm4()?,
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("HOME", home.path()).output().context("start of helm")
}

/// Runs a Helm that has no cluster, for its standard output.
pub(crate) fn told(helm: Helm, arguments: &[&str]) -> Result<String> {
    let output = run(helm, arguments)?;
    if !output.status.success() {
        bail!("{helm:?} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The manifest of a topology, hooks and tests included, with more arguments such as `--set`.
pub(crate) fn manifest(helm: Helm, values: &Path, more: &[&str]) -> Result<String> {
    manifest_of(&chart(), helm, RELEASE, values, more)
}

/// The manifest of a topology of a chart.
pub(crate) fn manifest_of(chart: &Path, helm: Helm, release: &str, values: &Path, more: &[&str]) -> Result<String> {
    let arguments = ["template", release, text(chart), "--namespace", "voice", "--values", text(values)];
    told(helm, &[&arguments[..], more].concat())
}

/// The objects in a manifest.
pub(crate) fn objects(manifest: &str) -> Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(manifest);
    let values = documents.map(|document| Value::deserialize(document).context("a YAML document"));
    let values: Vec<Value> = values.collect::<Result<_>>()?;
    Ok(values.into_iter().filter(|value| !value.is_null()).collect())
}

/// The objects that a topology is rendered to.
pub(crate) fn rendered(helm: Helm, values: &Path, more: &[&str]) -> Result<Vec<Value>> {
    objects(&manifest(helm, values, more)?)
}

/// A text in a value, empty when it is not there.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The value, and everything inside of it, with where it is.
pub(crate) fn walk<'a>(value: &'a Value, place: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(place, value);
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                walk(inner, &format!("{place}/{key}"), visit);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                walk(inner, &format!("{place}/{number}"), visit);
            }
        }
        _ => {}
    }
}
