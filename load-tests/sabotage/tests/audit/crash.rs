//! A build that is right until its process is killed.

use conversation_auditor::{Fault, Report};
use conversation_load::Summary;
use conversation_testkit::free_port;
use tempfile::TempDir;

use crate::build::{audited, load, with};

/// Kills the service (-9) in the middle of the load and starts it again at the same place.
async fn killed(fault: &str) -> (Summary, Report) {
    let folder = TempDir::new().expect("a folder");
    let port = free_port().expect("a port").to_string();
    let builder = with(fault).data_dir(folder.path().join("data")).env("PORT", port);
    let first = builder.start().await.expect("the service");
    let k6 = load(first.url(""), folder.path());
    for _ in 0..5 {
        k6.until_more_acknowledged().await.expect("calls");
    }
    first.kill().expect("killed");
    let second = builder.start().await.expect("the service again");
    audited(&k6, second.url(""), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_honest_build_loses_nothing() {
    let (summary, report) = killed("none").await;
    assert!(report.is_clean() && summary.passed, "{report}\n{summary:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_write_is_caught() {
    let (_, report) = killed("acknowledges-early").await;
    let found = report.by_fault();
    assert!(found.get(&Fault::EventLost).is_some_and(|count| *count > 5), "{report}");
}
