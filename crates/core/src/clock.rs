//! Where the present comes from. Everything else is given the time, so that rules about it can be tested.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Timestamp;

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present, in milliseconds.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for the time")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
