//! The profiles with a fault, each on the store that can have it: INV-1, an acknowledged event is never lost, and INV-2,
//! an event is stored at most once.

use conversation_load::{Profile, StoreKind};

use crate::runs::{load, passes};

#[tokio::test(flavor = "multi_thread")]
async fn failover_loses_and_doubles_nothing() {
    let outcome = passes(&load(Profile::Failover, StoreKind::Mongodb, "90s")).await;
    assert_eq!(outcome.broken.len(), 3, "{outcome}");
    assert_eq!(outcome.audit.events_in_database, Some(outcome.audit.events_stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn migration_loses_and_doubles_nothing() {
    let outcome = passes(&load(Profile::Migration, StoreKind::Sharded, "60s")).await;
    assert_eq!(outcome.broken.len(), 3, "{outcome}");
    assert_eq!(outcome.audit.events_in_database, Some(outcome.audit.events_stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_down_says_what_it_did() {
    let outcome = passes(&load(Profile::RedisDown, StoreKind::Embedded, "10s")).await;
    assert!(outcome.broken[0].contains("Redis"), "{outcome}");
}
