//! What cannot be connected to is refused with one clear sentence.

use std::time::{Duration, Instant};

use conversation_core::Rules;
use conversation_store::{MongoSettings, MongoStore, mongo::ConnectError};
use conversation_testkit::{Mongod, free_port};
use tempfile::TempDir;

/// What a server that is there may take to say no.
const PATIENCE: Duration = Duration::from_secs(30);

async fn refusal(uri: String, within: Duration) -> ConnectError {
    let operation_timeout = Duration::from_secs(60);
    let settings =
        MongoSettings { uri, server_selection_timeout: within, operation_timeout, ..MongoSettings::default() };
    MongoStore::connect(settings, Rules::default()).await.expect_err("refused")
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_in_time() {
    let port = free_port().expect("a port");
    let began = Instant::now();
    let error = refusal(format!("mongodb://user:geheim@127.0.0.1:{port}/?replicaSet=x"), Duration::from_secs(1)).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    let told = format!("{error} {error:?}");
    assert!(told.contains(&format!("127.0.0.1:{port} could not be reached within 1 s")), "{told}");
    assert!(!told.contains("geheim"), "{told}");
}

#[tokio::test]
async fn a_standalone_server_and_a_wrong_password_are_refused() {
    let folder = TempDir::new().expect("a folder");
    let server = Mongod::start(folder.path(), &[]).expect("a server");
    server.wait_until_up().await.expect("up");
    let error = refusal(format!("mongodb://{}", server.address()), PATIENCE).await;
    assert!(matches!(error, ConnectError::Standalone { .. }), "{error:?}");
    assert!(error.to_string().contains("--replSet"), "{error}");
    let error = refusal(format!("mongodb://user:geheim@{}", server.address()), PATIENCE).await;
    assert!(matches!(error, ConnectError::AuthenticationFailed { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
}
