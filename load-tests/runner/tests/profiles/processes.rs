//! Several k6 processes, and one that dies: the ledgers are what counts.

use std::{collections::BTreeMap, path::Path, time::Duration};

use conversation_auditor::{Args, Report, audit};
use conversation_load::{Binaries, K6, Profile};
use conversation_testkit::Service;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(90);

async fn service(folder: &Path) -> Service {
    let binaries = Binaries::beside_this_one().expect("programs");
    Service::builder(binaries.service).data_dir(folder.join("data")).start().await.expect("the service")
}

fn k6(service: &Service, folder: &Path, (duration, compression): (&str, &str), arguments: &[&str]) -> K6 {
    let settings = [
        ("BASE_URL", service.url("").as_str()),
        ("SESSIONS_PER_DAY", "300000"),
        ("DURATION", duration),
        ("TIME_COMPRESSION", compression),
        ("LATENCY_FACTOR", "0"),
        ("STALL_SECONDS", "20"),
        ("RUN_ID", "shared"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let binary = conversation_testkit::k6().expect("k6");
    K6::start_with(&binary, Profile::Smoke, &BTreeMap::from(settings), folder, arguments).expect("k6 starts")
}

async fn audited(service: &Service, ledgers: &[&K6]) -> Report {
    let ledgers = ledgers.iter().map(|k6| k6.ledger()).collect();
    let (mongodb_uri, mongodb_database) = (None, String::new());
    let url = service.url("");
    let args = Args { ledgers, url, mongodb_uri, mongodb_database, page_size: 10, connections: 4, json: false };
    audit(&args).await.expect("an audit")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_run_and_are_audited_together() {
    let folders = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let service = service(folders[0].path()).await;
    let sequence = "--execution-segment-sequence=0,1/2,1";
    let first = k6(&service, folders[0].path(), ("10s", "300"), &["--execution-segment=0:1/2", sequence]);
    let second = k6(&service, folders[1].path(), ("10s", "300"), &["--execution-segment=1/2:1", sequence]);
    for k6 in [&first, &second] {
        assert!(k6.finish(DEADLINE).await.expect("a summary").passed, "{}", k6.log());
    }
    let (one, both) = (audited(&service, &[&first]).await, audited(&service, &[&first, &second]).await);
    assert!(one.is_clean() && both.is_clean(), "{one}\n{both}");
    assert!(one.sessions > 0 && both.sessions > one.sessions, "each made calls of its own: {one}\n{both}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_killed_k6_can_be_audited() {
    let folder = TempDir::new().expect("a folder");
    let service = service(folder.path()).await;
    // Calls so long that some are open whenever it is killed.
    let k6 = k6(&service, folder.path(), ("60s", "20"), &[]);
    k6.until_more_acknowledged().await.expect("calls");
    k6.until_more_acknowledged().await.expect("more calls");
    k6.kill().expect("killed");
    let report = audited(&service, &[&k6]).await;
    assert!(report.is_clean() && report.interrupted > 0, "{report}");
}
