//! Connections by TLS, with the files that the connection string names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bson::doc;
use conversation_testkit::{Mongod, until};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);

/// Writes a certificate for this machine that vouches for itself, with its key and without.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = parameters.self_signed(&key).expect("a certificate").pem();
    let (alone, with_key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}-key.pem")));
    fs::write(&alone, &certificate).expect("written");
    fs::write(&with_key, certificate + &key.serialize_pem()).expect("written");
    (alone, with_key)
}

async fn server(folder: &Path, certificate: &Path, with_key: &Path) -> Mongod {
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let (ca, key) = (path(certificate), path(with_key));
    let tls = ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", &key, "--tlsCAFile", &ca];
    let arguments = [&["--replSet", "tls", "--tlsAllowConnectionsWithoutCertificates"][..], &tls].concat();
    let server = Mongod::start(&folder.join("data"), &arguments).expect("started");
    server.wait_until_up().await.expect("up");
    let initiate = doc! { "replSetInitiate": { "_id": "tls", "members": [{ "_id": 0, "host": server.address() }] } };
    server.admin(initiate).await.expect("initiated");
    until(DEADLINE, "a primary", async || {
        server.hello().await.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
    })
    .await
    .expect("in time");
    server
}

async fn apply(server: &Mongod, authority: &Path, seconds: &'static str) -> (i32, String) {
    let uri = format!("mongodb://{}/?replicaSet=tls&tls=true&tlsCAFile={}", server.address(), authority.display());
    let run = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_conversation-migrator"))
            .args(["apply", "--yes", "--server-selection-seconds", seconds])
            .env_clear()
            .env("MONGODB_URI", uri)
            .output()
    });
    let output = run.await.expect("no panic").expect("it runs");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).expect("text"))
}

#[tokio::test]
async fn the_authority_of_the_connection_string_decides_whom_to_trust() {
    let folder = TempDir::new().expect("a folder");
    let (own, with_key) = certificate(folder.path(), "own");
    let (foreign, _) = certificate(folder.path(), "foreign");
    let server = server(folder.path(), &own, &with_key).await;
    let (status, told) = apply(&server, &foreign, "3").await;
    assert_eq!((status, told.lines().count()), (1, 1), "{told}");
    let (status, told) = apply(&server, &own, "60").await;
    assert_eq!(status, 0, "{told}");
}
