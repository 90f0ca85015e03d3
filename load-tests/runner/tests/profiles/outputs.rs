//! What a run leaves behind: its summaries, and its metrics in a Prometheus.

use std::{collections::BTreeMap, fs, time::Duration};

use conversation_load::{Binaries, K6, Profile};
use conversation_testkit::Service;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

const DEADLINE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_leaves_summaries_and_writes_to_prometheus() {
    let binaries = Binaries::beside_this_one().expect("programs");
    let folder = TempDir::new().expect("a folder");
    let service = Service::builder(&binaries.service).data_dir(folder.path().join("data")).start().await.expect("up");
    let (url, mut received) = prometheus().await;
    let settings = [
        ("BASE_URL", service.url("")),
        ("K6_PROMETHEUS_RW_SERVER_URL", url),
        ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s".to_owned()),
        ("DURATION", "2s".to_owned()),
        ("SESSIONS_PER_DAY", "200000".to_owned()),
        ("TIME_COMPRESSION", "600".to_owned()),
        ("LATENCY_FACTOR", "100".to_owned()),
    ];
    let settings: BTreeMap<String, String> = settings.map(|(name, value)| (name.to_owned(), value)).into();
    let output = ["--out=experimental-prometheus-rw"];
    let k6 = K6::start_with(&binaries.k6, Profile::Smoke, &settings, folder.path(), &output).expect("started");
    let summary = k6.finish(DEADLINE).await.expect("a summary");
    assert!(summary.passed, "{summary:#?}\n{}", k6.log());

    let head = tokio::time::timeout(DEADLINE, received.recv()).await.expect("in time").expect("a write");
    assert!(head.contains("content-encoding: snappy") && head.contains("application/x-protobuf"), "{head}");
    let markdown = fs::read_to_string(folder.path().join("smoke.md")).expect("Markdown");
    assert!(
        markdown.starts_with("# smoke: passed\n") && markdown.contains("| `POST /v1/sessions/{}/events` |"),
        "{markdown}"
    );
    let junit = fs::read_to_string(folder.path().join("smoke.xml")).expect("JUnit");
    assert!(junit.contains("failures=\"0\"") && junit.contains("name=\"dropped_iterations count==0\"/>"), "{junit}");
    assert_eq!(junit.matches("<testcase").count(), junit.matches("/>").count(), "every case is closed: {junit}");
}

/// Takes writes as Prometheus does, and yields the head of each.
async fn prometheus() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v1/write", listener.local_addr().expect("an address"));
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&buffer[..count]).to_lowercase();
            let _ = sender.send(text.split("\r\n\r\n").next().unwrap_or_default().to_owned());
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            // What is still to come must be read, or the close would be a reset.
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        }
    });
    (url, receiver)
}
