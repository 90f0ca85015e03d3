//! Requests through the ingress controller of the cluster, made by `curl`.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Where `k8s/kind/cluster.yaml` publishes the ingress controller.
const INGRESS: &str = "http://127.0.0.1:8080";
const SESSION: &str = r#"{"sessionId":"kind-1","language":"en-US"}"#;
const EVENT: &str = r#"{"eventId":"event-1","type":"user_speech","payload":{"text":"hello"}}"#;

/// A session created and created again, an event appended and appended again, and read.
pub(super) fn session(host: &str, deadline: Duration) -> Result<()> {
    let end = Instant::now() + deadline;
    while request(host, "GET", "/v1/sessions", None)? != 200 {
        ensure!(Instant::now() < end, "{host} was not routed within {deadline:?}");
        thread::sleep(Duration::from_secs(1));
    }
    for (method, path, body, expected) in [
        ("POST", "/v1/sessions", Some(SESSION), 201),
        ("POST", "/v1/sessions", Some(SESSION), 200),
        ("POST", "/v1/sessions/kind-1/events", Some(EVENT), 201),
        ("POST", "/v1/sessions/kind-1/events", Some(EVENT), 200),
        ("GET", "/v1/sessions/kind-1", None, 200),
    ] {
        let status = request(host, method, path, body)?;
        println!("{method} {path}: {status}");
        ensure!(status == expected, "{method} {path} answered {status} instead of {expected}");
    }
    Ok(())
}

/// Does something while requests are made, one after the other; none of them may fail.
pub(super) fn during(host: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                let body = format!(r#"{{"eventId":"during-{count}","type":"system","payload":{{}}}}"#);
                let status = request(host, "POST", "/v1/sessions/kind-1/events", Some(&body))?;
                // 200 is the same event from a former run of this step.
                if !matches!(status, 200 | 201) {
                    bail!("request {count} answered {status}");
                }
                count += 1;
            }
            Ok(count)
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let answered = traffic.join().map_err(|_| anyhow::anyhow!("the traffic panicked"))?;
        worked?;
        println!("{} requests, each answered with success", answered.context("traffic")?);
        Ok(())
    })
}

/// The status of the answer, or 0 if there was none.
fn request(host: &str, method: &str, path: &str, body: Option<&str>) -> Result<u16> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10"]).args([
        "--header",
        &format!("Host: {host}"),
        "--request",
        method,
    ]);
    if let Some(body) = body {
        curl.args(["--header", "Content-Type: application/json", "--data", body]);
    }
    let output = curl.arg(format!("{INGRESS}{path}")).output().context("curl")?;
    String::from_utf8(output.stdout).context("status")?.trim().parse().context("status")
}
