//! What is killed, and what is looked at afterwards.

use std::{path::Path, sync::Arc, time::Duration};

use conversation_testkit::{ReplicaSet, Service, until};
use tempfile::TempDir;

use crate::appends::{Appends, SESSIONS};

const BINARY: &str = env!("CARGO_BIN_EXE_conversation-api");
/// How many appends are acknowledged before something is killed.
const BEFORE_THE_KILL: usize = 300;
const DEADLINE: Duration = Duration::from_secs(120);

async fn on_files(folder: &Path) -> Service {
    Service::builder(BINARY).data_dir(folder).start().await.expect("the service on the embedded store")
}

async fn on_mongodb(set: &ReplicaSet) -> Service {
    Service::builder(BINARY)
        .env("AUTO_MIGRATE", "true")
        .env("MONGODB_URI", set.uri())
        .start()
        .await
        .expect("the service on MongoDB")
}

/// Runs half of the appends against a service that is killed, and the rest against the one that follows it.
async fn survive_a_kill(first: Service, second: impl AsyncFnOnce() -> Service) {
    let appends = Arc::new(Appends::new(1_000, 700));
    appends.create_sessions(&first).await;
    let address = first.url("");
    let sending = tokio::spawn(Arc::clone(&appends).send_once(address));
    until(DEADLINE, "acknowledged appends", async || appends.acknowledged() >= BEFORE_THE_KILL).await.expect("in time");
    first.kill().expect("killed");
    appends.go_on();
    sending.await.expect("the clients end");
    assert!(appends.acknowledged() < 1_000, "the kill came in the middle");

    let second = second().await;
    let stored = appends.stored(&second).await;
    appends.assert_none_lost(&stored);
    // Every client retries, also those whose append had been acknowledged.
    appends.retry_until_acknowledged(&second, DEADLINE).await;
    appends.assert_each_stored_once(&appends.stored(&second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_service_on_the_embedded_store_loses_nothing() {
    let folder = TempDir::new().expect("a folder");
    let first = on_files(folder.path()).await;
    survive_a_kill(first, async || on_files(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_service_on_mongodb_loses_nothing() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let first = on_mongodb(&set).await;
    survive_a_kill(first, async || on_mongodb(&set).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_primary_loses_nothing() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let service = on_mongodb(&set).await;
    let appends = Arc::new(Appends::new(1_000, 700));
    appends.create_sessions(&service).await;
    let primary = set.primary().await.expect("a primary");
    let sending = tokio::spawn(Arc::clone(&appends).send_once(service.url("")));
    until(DEADLINE, "acknowledged appends", async || appends.acknowledged() >= BEFORE_THE_KILL).await.expect("in time");
    set.kill(primary).expect("killed");
    appends.go_on();
    sending.await.expect("the clients end");

    appends.retry_until_acknowledged(&service, DEADLINE).await;
    let stored = appends.stored(&service).await;
    appends.assert_none_lost(&stored);
    appends.assert_each_stored_once(&stored);
    // The old primary comes back and must not bring anything else with it.
    set.restart(primary).await.expect("restarted");
    set.wait_until_healthy().await.expect("healthy");
    appends.assert_each_stored_once(&appends.stored(&service).await);
    assert_eq!(stored.len(), SESSIONS);
}
