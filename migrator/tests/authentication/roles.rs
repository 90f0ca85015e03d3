//! Runs as users with few roles.

use std::{
    process::{Command, Output},
    time::Duration,
};

use conversation_core::{Rules, Store as _};
use conversation_store::{MongoSettings, MongoStore};

use crate::guarded::{DATABASE, Guarded};

const MIGRATOR: [(&str, &str); 3] = [("readWrite", DATABASE), ("dbAdmin", DATABASE), ("clusterMonitor", "admin")];
const SERVICE: [(&str, &str); 1] = [("readWrite", DATABASE)];

async fn migrate(uri: String, arguments: &'static [&'static str]) -> (i32, String) {
    let run = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_conversation-migrator"))
            .args(arguments)
            .env_clear()
            .env("MONGODB_URI", uri)
            .env("MONGODB_DATABASE", DATABASE)
            .output()
    });
    let Output { status, stdout, stderr } = run.await.expect("no panic").expect("it runs");
    let text = [stdout, stderr].concat();
    (status.code().unwrap_or(-1), String::from_utf8(text).expect("text"))
}

#[tokio::test]
async fn the_roles_of_the_readme_suffice_and_none_of_them_is_spare() {
    let server = Guarded::start().await;
    // One that is there already needs a validator set, which takes more rights than creating one with it.
    server.create_collection("events").await;
    for (at, (spared, _)) in MIGRATOR.iter().enumerate() {
        let fewer: Vec<_> = MIGRATOR.iter().filter(|(role, _)| role != spared).copied().collect();
        let uri = server.user(&format!("fewer-{at}"), &fewer).await;
        let (status, text) = migrate(uri, &["apply", "--yes"]).await;
        assert_eq!(status, 1, "without {spared}: {text}");
        assert!(text.contains("lacks a right") && text.contains("README.md"), "without {spared}: {text}");
    }
    let uri = server.user("migrator", &MIGRATOR).await;
    for arguments in [&["apply", "--yes"][..], &["verify"], &["status"], &["plan"]] {
        let (status, text) = migrate(uri.clone(), arguments).await;
        assert_eq!(status, 0, "{arguments:?}: {text}");
    }

    let service = MongoSettings {
        uri: server.user("service", &SERVICE).await,
        database: DATABASE.into(),
        operation_timeout: Duration::from_secs(60),
        ..MongoSettings::default()
    };
    let store = MongoStore::connect(service, Rules::default()).await.expect("a store");
    assert_eq!(store.health().await.expect("an answer").missing, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let server = Guarded::start().await;
    server.user("migrator", &MIGRATOR).await;
    let (status, text) = migrate(server.uri("migrator", "falsch"), &["plan"]).await;
    assert_eq!(status, 1);
    assert!(text.contains("refused the user or the password") && !text.contains("falsch"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}
