//! The manifest for the k6-operator, as far as it can be checked without a cluster: its shape, and that k6 takes its
//! arguments. The shape is that of the operator's types in `api/v1alpha1` (June 2026): a field that is not here is
//! misspelt, and would be dropped by the API server.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TestRun {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    parallelism: u32,
    #[serde(rename = "separate")]
    _separate: bool,
    script: Script,
    arguments: String,
    runner: Pod,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Script {
    config_map: ConfigMap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigMap {
    name: String,
    file: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Pod {
    env: Vec<Variable>,
    #[serde(rename = "resources")]
    _resources: Value,
    #[serde(rename = "securityContext")]
    _security_context: Value,
    volume_mounts: Vec<Mount>,
    volumes: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Variable {
    name: String,
    value: Option<String>,
    value_from: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Mount {
    name: String,
    mount_path: String,
    sub_path_expr: String,
}

fn manifest() -> TestRun {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testrun.yaml");
    serde_yaml::from_str(&fs::read_to_string(path).expect("the manifest")).expect("a TestRun")
}

#[test]
fn it_has_the_shape_of_a_test_run() {
    let TestRun { api_version, kind, metadata, spec } = manifest();
    assert_eq!((api_version.as_str(), kind.as_str()), ("k6.io/v1alpha1", "TestRun"));
    assert!(!metadata.name.is_empty() && spec.parallelism > 1);
    let ConfigMap { name, file } = spec.script.config_map;
    assert!(!name.is_empty() && file.ends_with(".tar"));
    for Variable { name, value, value_from } in &spec.runner.env {
        assert!(value.is_some() != value_from.is_some(), "{name} has one value");
    }
    for Mount { name, mount_path, sub_path_expr } in spec.runner.volume_mounts {
        let variable = sub_path_expr.trim_start_matches("$(").trim_end_matches(')');
        assert!(spec.runner.env.iter().any(|known| known.name == variable), "every pod has a folder of its own");
        let is_there = spec.runner.volumes.iter().any(|volume| volume["name"] == name.as_str());
        assert!(is_there && spec.arguments.contains(&mount_path), "{name} is a volume that something is written to");
    }
}

#[test]
fn k6_takes_its_arguments() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let script = folder.path().join("nothing.js");
    fs::write(&script, "export default function () {}").expect("written");
    let ledger = folder.path().join("ledger");
    let arguments = manifest().spec.arguments.replace("/ledger/ledger.ndjson", &ledger.display().to_string());
    // Nobody listens there, which ends nothing.
    let output = Command::new(conversation_testkit::k6().expect("k6"))
        .args(["run", "--quiet"])
        .args(arguments.split_whitespace())
        .arg(&script)
        .env("K6_PROMETHEUS_RW_SERVER_URL", "http://127.0.0.1:9/api/v1/write")
        .env("K6_NO_USAGE_REPORT", "true")
        .output()
        .expect("it runs");
    assert!(output.status.success() && ledger.exists(), "{}", String::from_utf8_lossy(&output.stderr));
}
