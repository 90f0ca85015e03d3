//! Refusals in the form in which a server gives them.

use mongodb::bson::{self, doc};

use super::message::Fields;

/// What a command is answered with when it is not carried out.
#[derive(Clone, Debug)]
pub(super) struct Failure(pub(super) Fields);

/// The routing table that the request was sent by is out of date: look again, and send again.
const STALE: [i64; 6] = [
    63,  // StaleShardVersion
    150, // StaleEpoch
    249, // StaleDbVersion
    304, // ShardInvalidatedForTargeting
    343, // ShardCannotRefreshDueToLocksHeld, as while a collection is resharded
    13388,
];

/// The server is gone or no longer the primary: find the new one.
const FAILOVER: [i64; 12] = [6, 7, 89, 91, 133, 189, 9001, 10107, 11600, 11602, 13435, 13436];

pub(super) const ILLEGAL_OPERATION: i32 = 20;
pub(super) const NAMESPACE_NOT_FOUND: i32 = 26;
pub(super) const COMMAND_NOT_FOUND: i32 = 59;
pub(super) const SHARD_KEY_NOT_FOUND: i32 = 61;
pub(super) const INVALID_OPTIONS: i32 = 72;
pub(super) const NAMESPACE_NOT_SHARDED: i32 = 118;
pub(super) const HOST_UNREACHABLE: i32 = 6;
pub(super) const NO_PRIMARY: i32 = 133;
pub(super) const STALE_CONFIG: i32 = 13388;

pub(super) fn is_stale(code: i64) -> bool {
    STALE.contains(&code)
}

pub(super) fn is_failover(code: i64) -> bool {
    FAILOVER.contains(&code)
}

impl Failure {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        let reply = doc! { "ok": 0.0, "errmsg": message.into(), "code": code, "codeName": name(code) };
        Self(Fields::try_from(reply).unwrap_or_default())
    }

    pub(super) fn code(&self) -> i64 {
        self.0.code()
    }
}

impl From<bson::error::Error> for Failure {
    fn from(error: bson::error::Error) -> Self {
        Self::new(22, format!("unreadable BSON: {error}"))
    }
}

fn name(code: i32) -> String {
    match code {
        6 => "HostUnreachable",
        20 => "IllegalOperation",
        22 => "InvalidBSON",
        26 => "NamespaceNotFound",
        59 => "CommandNotFound",
        61 => "ShardKeyNotFound",
        70 => "ShardNotFound",
        72 => "InvalidOptions",
        73 => "InvalidNamespace",
        115 => "CommandNotSupported",
        118 => "NamespaceNotSharded",
        133 => "FailedToSatisfyReadPreference",
        13388 => "StaleConfig",
        other => return format!("Location{other}"),
    }
    .to_owned()
}
