//! The greeting, by which a driver takes the front for a mongos.

use std::sync::atomic::{AtomicI32, Ordering};

use mongodb::bson::{DateTime, doc};

use super::failure::Failure;
use super::message::Fields;

static CONNECTIONS: AtomicI32 = AtomicI32::new(0);

/// Says what a mongos says. It names no topology version, upon which a driver asks again from time to time instead of
/// waiting for news, and no compressors.
pub(super) fn hello(name: &str) -> Result<Fields, Failure> {
    let writable = if name.eq_ignore_ascii_case("hello") { "isWritablePrimary" } else { "ismaster" };
    let reply = doc! {
        "helloOk": true,
        writable: true,
        "msg": "isdbgrid",
        "maxBsonObjectSize": 16_777_216,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": DateTime::now(),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        "minWireVersion": 0,
        // That of the 6.0 servers behind it.
        "maxWireVersion": 17,
        "readOnly": false,
        "ok": 1.0,
    };
    Fields::try_from(reply)
}
