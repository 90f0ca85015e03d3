//! What is generated from the code and committed is fresh: the OpenAPI document, the README's table of settings and the
//! settings that the chart takes. `cargo xtask codegen` writes them anew.

use std::{env, fs, path::PathBuf};

use conversation_api::{config, http::operations::OPERATIONS};
use conversation_testkit::Service;
use serde_json::{Value, json};

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

/// Compares the part of a file between two marks with what it should be, or writes it.
fn check_between(path: &str, begin: &str, end: &str, expected: &str) {
    let text = fs::read_to_string(root().join(path)).expect("a file");
    let (before, rest) = text.split_once(begin).expect("the beginning of the part");
    let (_, after) = rest.split_once(end).expect("the end of the part");
    check(path, &format!("{before}{begin}{expected}{end}{after}"));
}

#[test]
fn the_table_of_settings_is_fresh() {
    const BEGIN: &str = "<!-- settings: written by `cargo xtask codegen` -->\n";
    check_between("README.md", BEGIN, "<!-- end of settings -->", &config::table());
}

/// Seconds, or amounts with the units that the service reads. Its templates know these units too.
const DURATION: &str = "^[0-9]{1,9}$|^([0-9]{1,9} *(ns|nsec|nanos|us|usec|ms|msec|millis|s|secs?|seconds?|m|mins?|minutes?|\
    h|hrs?|hours?|d|days?|w|wks?|weeks?|M|months?|y|yrs?|years?) *)+$";

/// Settings that the chart decides, or that make no sense in a pod.
const OF_THE_CHART: [&str; 9] = [
    "PORT",
    "MANAGEMENT_PORT",
    "MONGODB_URI",
    "MONGODB_URI_FILE",
    "MONGODB_DATABASE",
    "AUTO_MIGRATE",
    "DATA_DIR",
    "DRAIN_DELAY",
    "SHUTDOWN_TIMEOUT",
];

#[test]
fn the_settings_that_the_chart_takes_are_fresh() {
    const BEGIN: &str = "      \"$comment\": \"settings: written by `cargo xtask codegen`\",\n";
    let table = config::table();
    let kinds: Vec<String> = rows(&table)
        .filter(|[name, ..]| !OF_THE_CHART.contains(name))
        .map(|[name, default, meaning]| format!("        \"{name}\": {}", kind(name, default, meaning)))
        .collect();
    let schema = format!(
        "      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \"properties\": {{\n{}\n      }}\n",
        kinds.join(",\n")
    );
    check_between("charts/conversation-service/values.schema.json", BEGIN, "    },\n", &schema);
}

#[test]
fn the_defaults_that_the_chart_compares_with_are_fresh() {
    let table = config::table();
    let defaults: String = rows(&table).map(|[name, default, _]| format!("{name}: \"{default}\"\n")).collect();
    let head =
        "# Every setting of the service and its default, empty when it has none. Written by `cargo xtask codegen`.\n";
    check("charts/conversation-service/files/settings.yaml", &format!("{head}{defaults}"));
}

/// Name, default and meaning of each setting in the table.
fn rows(table: &str) -> impl Iterator<Item = [&str; 3]> {
    table.lines().skip(2).map(|row| {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        [cells[1], cells[3], cells[4]]
    })
}

/// What a setting can be in a values file, by its default: YAML makes numbers of some texts.
fn kind(name: &str, default: &str, meaning: &str) -> Value {
    let digits = default.trim_end_matches(|unit: char| unit.is_ascii_lowercase());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match default {
        _ if is_number(default) => {
            let pattern = "^[1-9][0-9]{0,11}$";
            json!({ "description": meaning, "type": ["integer", "string"], "minimum": 1, "pattern": pattern })
        }
        _ if is_number(digits) => {
            json!({ "description": meaning, "type": ["string", "integer"], "minimum": 0, "pattern": DURATION })
        }
        _ if name == "CORS_ORIGINS" => {
            let pattern = "^ *https?://[^/* ,]+( *, *https?://[^/* ,]+)* *$";
            json!({ "description": meaning, "type": "string", "pattern": pattern })
        }
        // Probes and clients need all addresses of a pod.
        _ if name == "HOST" => json!({ "description": meaning, "enum": ["0.0.0.0", "::"] }),
        _ if name == "LOG_FORMAT" => json!({ "description": meaning, "enum": ["auto", "json", "text"] }),
        _ => json!({ "description": meaning, "type": "string", "minLength": 1 }),
    }
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
