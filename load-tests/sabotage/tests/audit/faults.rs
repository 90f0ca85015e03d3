//! Builds that are wrong from the beginning.

use conversation_auditor::{Fault, Report};
use conversation_load::Summary;
use conversation_testkit::ReplicaSet;
use tempfile::TempDir;

use crate::build::{audited, load, with};

async fn on_files(fault: &str) -> (Summary, Report) {
    let folder = TempDir::new().expect("a folder");
    let service = with(fault).data_dir(folder.path().join("data")).start().await.expect("the service");
    let k6 = load(service.url(""), folder.path());
    audited(&k6, service.url(""), None).await
}

async fn on_mongodb(fault: &str) -> (Summary, Report) {
    let folder = TempDir::new().expect("a folder");
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let service = with(fault).env("MONGODB_URI", set.uri()).env("AUTO_MIGRATE", "true").start().await.expect("up");
    let k6 = load(service.url(""), folder.path());
    audited(&k6, service.url(""), Some(set.uri())).await
}

fn found(report: &Report) -> Vec<Fault> {
    report.by_fault().into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_in_the_honest_build() {
    let (summary, report) = on_mongodb("none").await;
    assert!(report.is_clean() && summary.passed, "{report}\n{summary:#?}");
    assert_eq!(report.events_in_database, Some(report.events_stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn deduplication_that_is_off_is_caught() {
    let (summary, report) = on_mongodb("deduplication-off").await;
    // Where a double lies at the end of a page the walk steps over it, and the total betrays it.
    assert!(found(&report).starts_with(&[Fault::EventDoubled, Fault::AcknowledgedTwice]), "{report}");
    assert!(!summary.passed, "the callers notice too");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_event_that_is_never_written_is_caught() {
    let (_, report) = on_files("drops").await;
    assert!(found(&report).contains(&Fault::EventLost), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_in_the_wrong_order_are_caught() {
    let (_, report) = on_files("misorders").await;
    assert!(found(&report).contains(&Fault::Order), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_not_what_was_sent_is_caught() {
    let (_, report) = on_files("alters").await;
    assert!(found(&report).contains(&Fault::EventDiffers), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_event_that_is_not_shown_as_late_is_caught() {
    let (_, report) = on_files("forgets-late").await;
    assert_eq!(found(&report), [Fault::LateFlag], "{report}");
}
