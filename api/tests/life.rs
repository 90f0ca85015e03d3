//! How the process starts, refuses to start, and ends.

use std::{fs, io::Write, net::TcpListener, path::Path, time::Duration};

use conversation_testkit::{Service, ServiceBuilder, free_port, until};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const DEADLINE: Duration = Duration::from_secs(120);

fn service() -> ServiceBuilder {
    Service::builder(env!("CARGO_BIN_EXE_conversation-api"))
}

/// Starts a service that must not start, and returns the one sentence it ends with.
async fn refusal(builder: &ServiceBuilder) -> String {
    let (status, log) = builder.run_to_exit(DEADLINE).await.expect("it ends");
    assert!(!status.success(), "{log}");
    let sentences: Vec<&str> = log.lines().filter(|line| line.starts_with("conversation-api: ")).collect();
    assert_eq!(sentences.len(), 1, "{log}");
    assert!(!log.contains("panicked"), "{log}");
    sentences[0].to_owned()
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for setting in ["PORT", "MANAGEMENT_PORT"] {
        let sentence = refusal(&service().env(setting, &port)).await;
        assert!(sentence.contains(&port) && sentence.contains(&format!("set {setting} to")), "{sentence}");
    }
}

#[tokio::test]
async fn a_mongodb_that_cannot_be_reached_is_named() {
    let port = free_port().expect("a port");
    let uri = format!("mongodb://user:geheim@127.0.0.1:{port}/?replicaSet=rs");
    let builder = service().env("MONGODB_URI", uri).env("MONGODB_SERVER_SELECTION_TIMEOUT", "500ms");
    let sentence = refusal(&builder).await;
    assert!(sentence.contains(&format!("127.0.0.1:{port}")) && !sentence.contains("geheim"), "{sentence}");
    let sentence = refusal(&service().env("MONGODB_URI", "postgres://localhost")).await;
    assert!(sentence.contains("MONGODB_URI"), "{sentence}");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_named() {
    // A file in its place refuses even the superuser, whom permissions do not bind.
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let sentence = refusal(&service().data_dir(file.join("data"))).await;
    assert!(sentence.contains("DATA_DIR") && sentence.contains("cannot write"), "{sentence}");
}

#[tokio::test]
async fn a_corrupt_file_is_named_and_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("conversations.db");
    fs::write(&file, "this is no database, and long enough to have a header of one".repeat(100)).expect("written");
    let before = fs::read(&file).expect("read");
    let sentence = refusal(&service().data_dir(folder.path())).await;
    assert!(sentence.contains("conversations.db is not a readable database"), "{sentence}");
    assert_eq!(fs::read(&file).expect("read"), before);
}

#[tokio::test]
async fn a_file_with_a_torn_page_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let first = service().data_dir(folder.path()).start().await.expect("started");
    first.terminate().expect("told");
    first.wait(DEADLINE).await.expect("ended");
    let file = folder.path().join("conversations.db");
    let mut torn = fs::OpenOptions::new().write(true).open(&file).expect("opened");
    // Behind the 100 bytes of the header lies the root of the schema.
    std::io::Seek::seek(&mut torn, std::io::SeekFrom::Start(100)).expect("sought");
    torn.write_all(&[0xFF; 2000]).expect("written");
    let sentence = refusal(&service().data_dir(folder.path())).await;
    assert!(sentence.contains("not a readable database"), "{sentence}");
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let first = service().data_dir(folder.path()).start().await.expect("started");
    let sentence = refusal(&service().data_dir(folder.path())).await;
    assert!(sentence.contains("in use by another process"), "{sentence}");
    drop(first);
}

#[tokio::test]
async fn wrong_settings_are_all_reported_before_anything_starts() {
    let builder = service().env("PORT", "http").env("LOG_LEVEL", "a=b=c").env("MAX_BODY_BYTES", "1MB");
    let (status, log) = builder.run_to_exit(DEADLINE).await.expect("it ends");
    assert_eq!(status.code(), Some(78));
    for name in ["PORT is", "LOG_LEVEL is", "MAX_BODY_BYTES is"] {
        assert!(log.contains(name), "{log}");
    }
}

#[tokio::test]
async fn sigterm_finishes_what_is_in_flight_and_keeps_what_was_acknowledged() {
    let folder = TempDir::new().expect("a folder");
    let first = service().data_dir(folder.path()).env("DRAIN_DELAY", "2s");
    // More time than a busy machine takes for what is in flight.
    let first = first.env("BODY_READ_TIMEOUT", "60s").env("REQUEST_TIMEOUT", "90s").env("SHUTDOWN_TIMEOUT", "90s");
    let first = first.start().await.expect("started");
    let body = json!({ "sessionId": "call", "language": "en" }).to_string();
    let (head, tail) = body.split_at(10);
    let mut slow = TcpStream::connect(address(&first)).await.expect("connected");
    let request = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{head}",
        body.len()
    );
    slow.write_all(request.as_bytes()).await.expect("sent");
    // A later request on another connection is answered once the first one's head has been read.
    assert!(reqwest::get(first.url("/health/ready")).await.expect("an answer").status().is_success());
    first.terminate().expect("told");
    until(DEADLINE, "readiness to go off", async || {
        reqwest::get(first.management_url("/health/ready")).await.is_ok_and(|answer| answer.status() == 503)
    })
    .await
    .expect("in time");
    slow.write_all(tail.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(first.wait(DEADLINE).await.expect("it ends").success(), "{}", first.log());

    let second = service().data_dir(folder.path()).start().await.expect("started");
    assert!(reqwest::get(second.url("/v1/sessions/call")).await.expect("an answer").status().is_success());
}

#[tokio::test]
async fn a_second_sigterm_ends_at_once() {
    let running = service().env("DRAIN_DELAY", "1h").start().await.expect("started");
    running.terminate().expect("told");
    until(DEADLINE, "draining to begin", async || running.log().contains("draining")).await.expect("in time");
    running.terminate().expect("told again");
    let status = running.wait(DEADLINE).await.expect("it ends");
    assert_eq!(status.code(), Some(130));
}

#[tokio::test]
async fn a_lack_of_file_handles_is_waited_out() {
    let starved = format!("ulimit -n 40; exec {}", env!("CARGO_BIN_EXE_conversation-api"));
    let running = Service::builder("/bin/sh").arg("-c").arg(starved).start().await.expect("started");
    let mut connections = Vec::new();
    until(DEADLINE, "the handles to run out", async || {
        connections.push(TcpStream::connect(address(&running)).await.expect("the system's queue takes it"));
        running.log().contains("cannot accept connections")
    })
    .await
    .expect("in time");
    drop(connections);
    until(DEADLINE, "an answer", async || {
        reqwest::get(running.url("/health/live")).await.is_ok_and(|answer| answer.status().is_success())
    })
    .await
    .expect("in time");
    let complaints = running.log().matches("cannot accept connections").count();
    assert!(complaints < 200, "it waits between attempts, and so has not complained {complaints} times");
}

#[tokio::test]
async fn data_outlives_the_process() {
    let folder = TempDir::new().expect("a folder");
    for round in 0..2 {
        let running = service().data_dir(folder.path()).start().await.expect("started");
        let body = json!({ "sessionId": "call", "language": "en" });
        let answer =
            reqwest::Client::new().post(running.url("/v1/sessions")).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), if round == 0 { 201 } else { 200 });
        running.kill().expect("killed");
    }
    assert!(Path::new(&folder.path().join("conversations.db")).exists());
}

#[tokio::test]
async fn version_and_help_need_no_settings() {
    let (status, log) = service().arg("--version").env("PORT", "http").run_to_exit(DEADLINE).await.expect("it ends");
    assert!(status.success() && log.contains(env!("CARGO_PKG_VERSION")), "{log}");
    let (status, log) = service().arg("--help").run_to_exit(DEADLINE).await.expect("it ends");
    assert!(status.success() && log.contains("MONGODB_URI") && log.contains("LATE_EVENT_GRACE"), "{log}");
}

#[tokio::test]
async fn printed_settings_mask_secrets() {
    let builder = service().arg("--print-config").env("MONGODB_URI", "mongodb://user:geheim@localhost");
    let (status, log) = builder.run_to_exit(DEADLINE).await.expect("it ends");
    assert!(status.success() && log.contains("MONGODB_URI=***") && !log.contains("geheim"), "{log}");
}

#[tokio::test]
async fn the_log_says_which_store_is_used() {
    let running = service().start().await.expect("started");
    let lines = running.log();
    let line = lines.lines().find(|line| line.contains("embedded store")).expect("a line about the store");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["level"], "INFO");
}

fn address(service: &Service) -> String {
    service.url("").trim_start_matches("http://").to_owned()
}
