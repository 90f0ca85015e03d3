//! What is generated from the operator's types and tables is fresh. `cargo xtask codegen` writes it anew.

use std::{env, fs, path::PathBuf};

use conversation_operator::api::{ConversationSchema, ConversationService};
use kube::CustomResourceExt;
use serde::Serialize;

const HEAD: &str = "# Written by `cargo xtask codegen`.\n";

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
