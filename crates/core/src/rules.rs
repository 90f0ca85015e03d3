//! The bounds that an operator can move, in one value that is handed to whoever applies them.

use std::time::Duration;

use crate::Timestamp;

/// How long after a session was ended or erased a write that had been admitted before may still take effect: longer than any
/// operation runs, and than any process remembers that the session was open.
pub const WRITES_SETTLE_WITHIN: Duration = Duration::from_secs(60);

/// Bounds of the domain. Sizes count the JSON text without white space, in bytes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The largest `metadata` of a session.
    pub max_metadata_bytes: usize,
    /// The largest `payload` of an event.
    pub max_payload_bytes: usize,
    /// The deepest nesting of `metadata` and `payload`; the object itself is level 1.
    pub max_nesting: usize,
    /// How far in the future a time sent by a client may lie.
    pub max_clock_skew: Duration,
    /// How long after a session's end its late events are still stored.
    pub late_event_grace: Duration,
    /// How long an erased session's identifier stays refused.
    pub erasure_tombstone_ttl: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_metadata_bytes: 16 * 1024,
            max_payload_bytes: 256 * 1024,
            max_nesting: 32,
            max_clock_skew: Duration::from_secs(24 * 3600),
            late_event_grace: Duration::from_secs(300),
            erasure_tombstone_ttl: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl Rules {
    /// Whether a client may send the moment `sent` when it is `now`.
    #[must_use]
    pub fn allows_time(&self, sent: Timestamp, now: Timestamp) -> bool {
        sent <= now.plus(self.max_clock_skew)
    }
}
