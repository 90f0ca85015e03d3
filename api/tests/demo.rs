//! The demonstration in the README does what it says, on either store, and notices a wrong answer.

use std::{path::Path, process::Command};

use conversation_testkit::{ReplicaSet, Service, ServiceBuilder};

fn builder() -> ServiceBuilder {
    Service::builder(env!("CARGO_BIN_EXE_conversation-api"))
}

async fn demo(url: String) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo.sh");
    let ran = tokio::task::spawn_blocking(move || Command::new(script).arg(url).output());
    let output = ran.await.expect("no panic").expect("it runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_on_the_embedded_store() {
    let service = builder().start().await.expect("the service");
    let (passed, text) = demo(service.url("")).await;
    assert!(passed && text.contains("every answer was right"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_on_mongodb() {
    let set = ReplicaSet::shared().await.expect("a replica set");
    let service = builder().on_mongodb(set).start().await.expect("the service");
    let (passed, text) = demo(service.url("")).await;
    assert!(passed, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_when_answers_are_wrong() {
    // Without any grace, the late event is refused instead of kept.
    let service = builder().env("LATE_EVENT_GRACE", "0s").start().await.expect("the service");
    let (passed, text) = demo(service.url("")).await;
    assert!(!passed && text.contains("1 answers were wrong"), "{text}");
}
