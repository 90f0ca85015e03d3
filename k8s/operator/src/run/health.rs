//! What the process says of its health, and how many objects are in which state.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{api::Condition, metrics::Metrics, server::Vitals, watch::Stores};

/// After how long without a look at the Lease the process must be stuck, if it looks so often at all.
const STUCK: Duration = Duration::from_secs(120);
/// After how long without an answer of the API server the process is not ready, if it asks so often at all.
const SILENCE: Duration = Duration::from_secs(30);

/// The health of the process.
pub(super) struct Health {
    metrics: Arc<Metrics>,
    /// How often the Lease is looked at.
    interval: Duration,
    state: Mutex<State>,
}

struct State {
    ticked: Instant,
    answered: Option<Instant>,
    stores: Option<Stores>,
}

impl Health {
    pub(super) fn new(metrics: Arc<Metrics>, interval: Duration) -> Self {
        let state = State { ticked: Instant::now(), answered: None, stores: None };
        Self { metrics, interval, state: Mutex::new(state) }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The Lease is looked at.
    pub(super) fn tick(&self) {
        self.with(|state| state.ticked = Instant::now());
    }

    /// The API server answered.
    pub(super) fn answered(&self) {
        self.with(|state| state.answered = Some(Instant::now()));
    }

    /// What is seen of the cluster, as long as this operator works.
    pub(super) fn sees(&self, stores: Option<Stores>) {
        self.with(|state| state.stores = stores);
    }
}

impl Vitals for Health {
    fn lives(&self) -> Result<(), String> {
        let quiet = self.with(|state| state.ticked.elapsed());
        if quiet < stuck(self.interval) { Ok(()) } else { Err(format!("stuck for {} s", quiet.as_secs())) }
    }

    fn ready(&self) -> Result<(), String> {
        match self.with(|state| state.answered.map(|at| at.elapsed())) {
            Some(quiet) if quiet < silence(self.interval) => {}
            Some(quiet) => return Err(format!("the API server has not answered for {} s", quiet.as_secs())),
            None => return Err("the API server has not answered yet".to_owned()),
        }
        // Until then a leader does nothing.
        match self.with(|state| state.stores.as_ref().map(Stores::unlisted)) {
            Some(kinds) if !kinds.is_empty() => Err(format!("not listed yet: {}", kinds.join(", "))),
            _ => Ok(()),
        }
    }

    fn metrics(&self) -> Vec<u8> {
        let mut counts: BTreeMap<(&'static str, String, String), i64> = BTreeMap::new();
        let mut count = |kind, conditions: &[Condition]| {
            for condition in conditions {
                let status = format!("{:?}", condition.status);
                *counts.entry((kind, condition.type_.clone(), status)).or_default() += 1;
            }
        };
        if let Some(stores) = self.with(|state| state.stores.clone()) {
            for service in stores.services.state() {
                count("ConversationService", service.status.as_ref().map_or(&[], |status| &status.conditions));
            }
            for schema in stores.schemas.state() {
                count("ConversationSchema", schema.status.as_ref().map_or(&[], |status| &status.conditions));
            }
        }
        let counts = counts.iter().map(|((kind, type_, status), n)| (*kind, type_.as_str(), status.clone(), *n));
        self.metrics.count(counts);
        self.metrics.text()
    }
}

/// For how long the API server may be silent: a look takes up to an interval, and so does the pause before it.
fn silence(interval: Duration) -> Duration {
    SILENCE.max(interval * 3)
}

/// For how long the Lease may not be looked at.
fn stuck(interval: Duration) -> Duration {
    STUCK.max(interval * 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_lease_is_looked_at_seldom_and_that_is_no_silence() {
        for seconds in [1, 3, 60] {
            // As far apart as two answers of a healthy API server can be.
            let apart = Duration::from_secs(seconds) * 2;
            assert!(silence(apart / 2) > apart && stuck(apart / 2) > apart, "{seconds}");
        }
    }

    #[test]
    fn one_that_never_asked_is_not_ready() {
        let health = Health::new(Arc::new(Metrics::new().expect("metrics")), Duration::from_secs(3));
        assert!(health.ready().is_err());
        health.answered();
        assert_eq!((health.ready(), health.lives()), (Ok(()), Ok(())));
    }
}
