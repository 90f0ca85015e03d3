//! What is generated from the code and committed is fresh: the OpenAPI document and the README's table of settings.
//! `cargo xtask codegen` writes both anew.

use std::{env, fs, path::PathBuf};

use conversation_api::{config, http::operations::OPERATIONS};
use conversation_testkit::Service;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// Compares a file with what it should be, or writes it.
fn check(path: &str, expected: &str) {
    let file = root().join(path);
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&file, expected).expect("written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{path} is not fresh: run `cargo xtask codegen`");
}

async fn document() -> String {
    let service = Service::builder(env!("CARGO_BIN_EXE_conversation-api")).start().await.expect("started");
    reqwest::get(service.url("/api-json")).await.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn the_openapi_document_is_fresh() {
    check("api/openapi.json", &format!("{}\n", document().await));
}

#[test]
fn the_table_of_settings_is_fresh() {
    const BEGIN: &str = "<!-- settings: written by `cargo xtask codegen` -->\n";
    const END: &str = "<!-- end of settings -->";
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let (before, rest) = readme.split_once(BEGIN).expect("the beginning of the table");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    check("README.md", &format!("{before}{BEGIN}{}{END}{after}", config::table()));
}

#[tokio::test]
async fn the_document_has_exactly_the_operations_of_the_table() {
    let document: Value = serde_json::from_str(&document().await).expect("JSON");
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(operation["summary"].is_string(), "{id} has a summary");
            described.push(format!("{} {path} {id}", method.to_uppercase()));
        }
    }
    let mut listed: Vec<String> = OPERATIONS.iter().map(|o| format!("{} {} {}", o.method, o.path, o.id)).collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed);
}

#[tokio::test]
async fn no_object_in_the_document_has_a_key_twice() {
    // A map would silently keep the last one, so the text itself is looked at.
    let text = document().await;
    let (_, digest) =
        conversation_core::JsonObject::parse(&text, conversation_core::json::Bounds::NONE).expect("no key twice");
    assert_ne!(digest, [0; 32]);
}
