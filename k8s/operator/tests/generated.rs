//! What is generated from the operator's types and tables is fresh. `cargo xtask codegen` writes it anew.

use std::{env, fs, path::PathBuf};

use conversation_operator::{
    api::{ConversationSchema, ConversationService},
    rbac::{Rule, lease_rules, rules},
};
use kube::CustomResourceExt;
use serde::Serialize;
use serde_json::{Value, json};

const HEAD: &str = "# Written by `cargo xtask codegen`.\n";
const OPERATOR: &str = "conversation-operator";
const LEASE: &str = "conversation-operator-leader-election";

#[test]
fn the_crds_are_fresh() {
    for (name, crd) in
        [("conversationservices", ConversationService::crd()), ("conversationschemas", ConversationSchema::crd())]
    {
        check(&format!("k8s/crds/{name}.yaml"), &yaml(&crd));
        // A chart cannot read what is outside of it.
        check(&format!("charts/conversation-operator/files/crds/{name}.yaml"), &yaml(&crd));
    }
}

#[test]
fn the_roles_are_fresh() {
    check("charts/conversation-operator/files/rules.yaml", &yaml(&json!({"watched": rules(), "own": lease_rules()})));
    let (cluster, own) = (json!({"name": OPERATOR}), json!({"name": LEASE, "namespace": "conversation-system"}));
    let (cluster, own) = (role("ClusterRole", &cluster, &rules()), role("Role", &own, &lease_rules()));
    check("k8s/base/roles.yaml", &format!("{HEAD}{cluster}---\n{own}"));
}

fn role(kind: &str, metadata: &Value, rules: &[Rule]) -> String {
    let api_version = "rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules});
    serde_yaml::to_string(&role).expect("it can be written as YAML")
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
