//! Property-based tests made from the OpenAPI document, on either store: no answer is a 5xx, none has a status, a header
//! or a body that the document does not describe. Bounded, so that it fits into every run of the tests.

use std::{path::Path, process::Command};

use conversation_testkit::{ReplicaSet, Service, ServiceBuilder, schemathesis};
use tempfile::TempDir;

/// Cases for each operation and phase: enough to reach every parameter several times.
const CASES: &str = "40";
/// Makes every run send the same cases.
const SEED: &str = "20251225";

fn builder() -> ServiceBuilder {
    // An idle connection is kept by the client's pool for longer than a test of a stalled one would want.
    Service::builder(env!("CARGO_BIN_EXE_conversation-api"))
}

async fn probe(builder: ServiceBuilder) {
    let service = builder.start().await.expect("the service");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis/schemathesis.toml");
    let reports = TempDir::new().expect("a folder");
    let mut command = Command::new(schemathesis().expect("schemathesis"));
    command
        // It leaves what it found in the present folder.
        .current_dir(reports.path())
        .arg("--config-file")
        .arg(config)
        .args(["run", &service.url("/api-json"), "--max-examples", CASES, "--seed", SEED])
        .args(["--workers", "1", "--no-color", "--generation-database", "none"]);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    let report = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{report}\n{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_answers_as_documented() {
    probe(builder()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_answers_as_documented() {
    let set = ReplicaSet::shared().await.expect("a replica set");
    probe(builder().on_mongodb(set)).await;
}
