//! What is generated from the operator's types and tables is fresh. `cargo xtask codegen` writes it anew.

use std::{env, fs, path::PathBuf};

use conversation_operator::{
    api::{ConversationSchema, ConversationService},
    rbac::{Rule, lease_rules, rules},
};
use kube::CustomResourceExt;
use serde::Serialize;
use serde_json::json;

const HEAD: &str = "# Written by `cargo xtask codegen`.\n";

#[test]
fn the_crds_are_fresh() {
    check("k8s/crds/conversationservices.yaml", &yaml(&ConversationService::crd()));
    check("k8s/crds/conversationschemas.yaml", &yaml(&ConversationSchema::crd()));
}

#[test]
fn the_roles_are_fresh() {
    let role = |kind: &str, name: &str, rules: Vec<Rule>| {
        let metadata = json!({"name": name, "labels": {"app.kubernetes.io/name": "conversation-operator"}});
        yaml(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules,
        }))
    };
    let name = "conversation-operator";
    check("k8s/base/lease-role.yaml", &role("Role", "conversation-operator-lease", lease_rules()));
    check("k8s/overlays/cluster-wide/cluster-role.yaml", &role("ClusterRole", name, rules()));
    check("k8s/overlays/single-namespace/role.yaml", &role("Role", name, rules()));
}

#[test]
fn the_alerts_are_those_of_the_chart() {
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/conversation-service/files/rules.yaml");
    let text = fs::read_to_string(chart).expect("the chart's alerts");
    let rules: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    let json = serde_json::to_string_pretty(&rules).expect("JSON") + "\n";
    check("k8s/operator/src/desired/rules.json", &json);
}

fn yaml(value: &impl Serialize) -> String {
    HEAD.to_owned() + &serde_yaml::to_string(value).expect("it can be written as YAML")
}

/// Compares a file with what it should be, or writes it.
fn check(file: &str, expected: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, expected).expect("written");
    } else {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{file} is not fresh: run `cargo xtask codegen`");
    }
}
