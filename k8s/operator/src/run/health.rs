//! What the process says of its health, and how many objects are in which state.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{api::Condition, metrics::Metrics, server::Vitals, watch::Stores};

/// After how long without a look at the Lease the process must be stuck.
const STUCK: Duration = Duration::from_secs(120);
/// After how long without an answer of the API server the process is not ready.
const SILENCE: Duration = Duration::from_secs(30);

/// The health of the process.
pub(super) struct Health {
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

struct State {
    ticked: Instant,
    answered: Option<Instant>,
    stores: Option<Stores>,
}

impl Health {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        let state = State { ticked: Instant::now(), answered: None, stores: None };
        Self { metrics, state: Mutex::new(state) }
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
        if quiet < STUCK { Ok(()) } else { Err(format!("stuck for {} s", quiet.as_secs())) }
    }

    fn ready(&self) -> Result<(), String> {
        match self.with(|state| state.answered.map(|at| at.elapsed())) {
            Some(silence) if silence < SILENCE => Ok(()),
            Some(silence) => Err(format!("the API server has not answered for {} s", silence.as_secs())),
            None => Err("the API server has not answered yet".to_owned()),
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
