//! A build under load, and its audit.

use std::{collections::BTreeMap, path::Path, time::Duration};

use conversation_auditor::{Args, Report, audit};
use conversation_load::{K6, Profile, Summary};
use conversation_testkit::{Service, ServiceBuilder};

const DEADLINE: Duration = Duration::from_secs(120);

/// The service with this fault.
pub(crate) fn with(fault: &str) -> ServiceBuilder {
    Service::builder(env!("CARGO_BIN_EXE_conversation-sabotaged")).env("SABOTAGE", fault)
}

/// Some forty calls within seconds.
pub(crate) fn load(url: String, folder: &Path) -> K6 {
    let settings = [
        ("BASE_URL", url),
        ("SESSIONS_PER_DAY", "600000".to_owned()),
        ("DURATION", "12s".to_owned()),
        ("TIME_COMPRESSION", "100".to_owned()),
        ("LATENCY_FACTOR", "0".to_owned()),
        ("STALL_SECONDS", "20".to_owned()),
        ("READERS_PER_CALL", "0.2".to_owned()),
    ];
    let settings: BTreeMap<String, String> = settings.map(|(name, value)| (name.to_owned(), value)).into();
    K6::start(&conversation_testkit::k6().expect("k6"), Profile::Smoke, &settings, folder).expect("k6 starts")
}

/// Waits for the end of the load, and audits.
pub(crate) async fn audited(k6: &K6, url: String, mongodb_uri: Option<String>) -> (Summary, Report) {
    let summary = k6.finish(DEADLINE).await.expect("a summary");
    let args = Args {
        ledgers: vec![k6.ledger()],
        url,
        mongodb_uri,
        mongodb_database: "conversations".to_owned(),
        page_size: 10,
        connections: 4,
        json: false,
    };
    let report = audit(&args).await.expect("an audit");
    assert!(report.events_acknowledged > 200, "{report}");
    (summary, report)
}
