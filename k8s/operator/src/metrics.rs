//! What the operator counts, as Prometheus reads it.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// All metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    reconciles: HistogramVec,
    errors: IntCounterVec,
    calls: IntCounterVec,
    writes: IntCounterVec,
    leader: IntGauge,
    conditions: IntGaugeVec,
}

impl Metrics {
    /// Metrics with nothing counted yet.
    ///
    /// # Errors
    /// When a name is taken twice, which is a mistake in this file.
    pub fn new() -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let durations = HistogramOpts::new(
            "conversation_operator_reconcile_duration_seconds",
            "How long it took to work on an object, by kind and outcome",
        )
        .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0]);
        let metrics = Self {
            registry: Registry::new(),
            reconciles: HistogramVec::new(durations, &["kind", "outcome"])?,
            errors: counter(
                "conversation_operator_reconcile_errors_total",
                "Work on objects that failed, by kind and reason",
                &["kind", "reason"],
            )?,
            calls: counter(
                "conversation_operator_api_requests_total",
                "Requests to the API server, by verb, resource and status",
                &["verb", "resource", "code"],
            )?,
            writes: counter(
                "conversation_operator_object_writes_total",
                "Objects written, by kind and why: made, changed, restored or pruned",
                &["kind", "why"],
            )?,
            leader: IntGauge::new("conversation_operator_leader", "Whether this operator is the one that works")?,
            conditions: IntGaugeVec::new(
                Opts::new("conversation_operator_objects", "Objects by kind, condition and its status"),
                &["kind", "condition", "status"],
            )?,
        };
        let Self { registry, reconciles, errors, calls, writes, leader, conditions } = &metrics;
        registry.register(Box::new(reconciles.clone()))?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(writes.clone()))?;
        registry.register(Box::new(leader.clone()))?;
        registry.register(Box::new(conditions.clone()))?;
        Ok(metrics)
    }

    /// An object was worked on.
    pub fn reconciled(&self, kind: &str, outcome: &str, took: Duration) {
        self.reconciles.with_label_values(&[kind, outcome]).observe(took.as_secs_f64());
    }

    /// Work on an object failed.
    pub fn failed(&self, kind: &str, reason: &str) {
        self.errors.with_label_values(&[kind, reason]).inc();
    }

    /// A request was answered, or not.
    pub fn called(&self, verb: &str, resource: &str, code: &str) {
        self.calls.with_label_values(&[verb, resource, code]).inc();
    }

    /// An object was written.
    pub fn wrote(&self, kind: &str, why: &str) {
        self.writes.with_label_values(&[kind, why]).inc();
    }

    /// Whether this operator is the one that works.
    pub fn leads(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    /// How many objects of a kind there are with a condition in a status.
    pub fn count<'a>(&self, counts: impl Iterator<Item = (&'static str, &'a str, String, i64)>) {
        self.conditions.reset();
        for (kind, condition, status, number) in counts {
            self.conditions.with_label_values(&[kind, condition, &status]).set(number);
        }
    }

    /// All of it as text.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory fails only when a metric is of no type, which none is.
        if TextEncoder::new().encode(&self.registry.gather(), &mut text).is_err() {
            text.clear();
        }
        text
    }
}
