//! How long is waited with an object: after failures, and when somebody else keeps changing what is put back.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Waits that double with each failure of an object, one count for each object.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    counts: Mutex<HashMap<String, (u32, Instant)>>,
}

impl Backoff {
    /// Waits between these bounds.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, counts: Mutex::default() }
    }

    /// Notes one more failure and tells how long to wait.
    pub fn failed(&self, key: &str) -> Duration {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // Objects that are gone since do not stay for ever.
        counts.retain(|_, (_, last)| !self.is_past(*last));
        let (count, last) = counts.entry(key.to_owned()).or_insert((0, Instant::now()));
        *count += 1;
        *last = Instant::now();
        self.wait(key, *count)
    }

    /// Forgets the failures of an object.
    pub fn succeeded(&self, key: &str) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Whether an object has failed since it last succeeded.
    pub fn has_failed(&self, key: &str) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// How much of the wait after the last failure is left. Failures that are long past are forgotten.
    pub fn left(&self, key: &str) -> Duration {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&(count, last)) = counts.get(key) else { return Duration::ZERO };
        if self.is_past(last) {
            counts.remove(key);
            return Duration::ZERO;
        }
        self.wait(key, count).saturating_sub(last.elapsed())
    }

    fn is_past(&self, last: Instant) -> bool {
        last.elapsed() > self.longest * 2
    }

    fn wait(&self, key: &str, count: u32) -> Duration {
        let wait = self.first.saturating_mul(2_u32.saturating_pow(count.saturating_sub(1))).min(self.longest);
        // Up to a tenth more, another for each object, so that those that failed together do not return together.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let share = u32::try_from(hasher.finish() % 100).unwrap_or_default();
        wait + wait * share / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
    }

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_success() {
        let backoff = backoff();
        let waits: Vec<u64> = (0..8).map(|_| backoff.failed("a").as_millis() as u64).collect();
        assert!(waits[..6].is_sorted_by(|a, b| b >= &(a * 3 / 2)), "{waits:?}");
        assert!(waits[7] >= 60_000 && waits[7] <= 66_000, "{waits:?}");
        assert!(backoff.has_failed("a"));
        backoff.succeeded("a");
        assert!(!backoff.has_failed("a"));
        assert!(backoff.failed("a") < Duration::from_millis(1101));
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
        for key in ["a", "b", "c"] {
            backoff.failed(key);
        }
        assert_eq!(backoff.counts.lock().expect("counts").len(), 1);
    }

    #[test]
    fn objects_have_a_count_each() {
        let backoff = backoff();
        for _ in 0..8 {
            backoff.failed("a");
        }
        assert!(backoff.failed("b") < Duration::from_millis(1101));
        assert_eq!(backoff.left("c"), Duration::ZERO);
        assert!(backoff.left("a") > Duration::from_secs(1));
    }
}
