//! What sessions and events weigh: in documents, on disk, in indexes, in the oplog and on the network, counted by a real
//! server over sessions as callers have them. The capacity model's table of costs must agree with these counts.
//! `WEIGHTS_SESSIONS=3000 cargo test -p conversation-migrator --test weights -- --nocapture --test-threads=1` prints them.

mod calls;
mod counts;
mod speech;

use conversation_migrator::capacity::costs::{Cost, Costs};
use counts::Counts;

const EVENTS: usize = 20;

/// How many sessions: few enough for every day, or as many as asked. B-trees take their lasting shape from some thousands
/// on; more than 3,000 do not fit into the oplog of a test's server.
fn sessions() -> usize {
    std::env::var("WEIGHTS_SESSIONS").map_or(400, |sessions| sessions.parse().expect("a number of sessions"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_costs_agrees_with_what_a_server_counts() {
    let counts = Counts::of(1, sessions(), EVENTS).await;
    eprintln!("{counts:#?}");
    let costs = Costs::committed();
    let operations = &costs.operations;
    let checks: [(&str, &Cost, f64); 16] = [
        ("session BSON", &costs.sessions.bson_bytes, counts.sessions.bson),
        ("session disk", &costs.sessions.disk_bytes, counts.sessions.disk),
        ("session indexes", &costs.sessions.index_bytes, counts.sessions.indexes),
        ("event BSON", &costs.events.bson_bytes, counts.events.bson),
        ("event disk", &costs.events.disk_bytes, counts.events.disk),
        ("event indexes", &costs.events.index_bytes, counts.events.indexes),
        ("payload", &costs.payload_bytes, counts.payload),
        ("create, oplog", &operations.create.oplog_bytes, counts.create.oplog),
        ("append, oplog", &operations.append.oplog_bytes, counts.append.oplog),
        ("complete, oplog", &operations.complete.oplog_bytes, counts.complete.oplog),
        ("read, oplog", &operations.read.oplog_bytes, counts.read.oplog),
        ("create, network", &operations.create.store_network_bytes, counts.create.network),
        ("append, network", &operations.append.store_network_bytes, counts.append.network),
        ("complete, network", &operations.complete.store_network_bytes, counts.complete.network),
        ("read, network", &operations.read.store_network_bytes, counts.read.network),
        ("leaf of an index", &costs.index_leaf_bytes, counts.index_leaf),
    ];
    let wrong: Vec<String> = checks
        .iter()
        .filter(|(_, cost, counted)| !(cost.low..=cost.high).contains(counted))
        .map(|(what, cost, counted)| format!("{what}: {counted:.0} is not in {}–{}", cost.low, cost.high))
        .collect();
    assert!(wrong.is_empty(), "the table of costs is wrong: {wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_works_less_than_its_primary() {
    let counts = Counts::of(3, sessions(), EVENTS).await;
    eprintln!("{counts:#?}");
    let (primary, secondary) = counts.append.cpu;
    assert!(secondary < primary, "{secondary} s and {primary} s for 10,000 appends");
}
