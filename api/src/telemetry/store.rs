//! A store that times every operation of another one.

use std::{fmt, sync::Arc, time::Instant};

use async_trait::async_trait;
use conversation_core::{
    Event, EventId, NewEvent, NewSession, Session, SessionKey, SessionPatch, Store, StoreError, TenantId, Timestamp,
    page::{EventPage, EventQuery, SessionPage, SessionQuery},
    session::Ending,
    store::{AppendOptions, Health, Swept, Written},
};
use opentelemetry::{KeyValue, metrics::Histogram};

/// Times what passes through to `inner`.
pub struct TimedStore {
    /// The store that does the work.
    pub inner: Arc<dyn Store>,
    /// Takes the durations, in seconds.
    pub duration: Histogram<f64>,
}

impl fmt::Debug for TimedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl TimedStore {
    async fn timed<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let outcome = work.await;
        let labels = [
            KeyValue::new("operation", operation),
            KeyValue::new("outcome", outcome.as_ref().err().map_or("ok", name)),
        ];
        self.duration.record(started.elapsed().as_secs_f64(), &labels);
        outcome
    }
}

/// An error as a label.
const fn name(error: &StoreError) -> &'static str {
    match error {
        StoreError::SessionNotFound
        | StoreError::EventNotFound
        | StoreError::SessionErased
        | StoreError::SessionClosed
        | StoreError::InvalidTransition { .. }
        | StoreError::InvalidPatch(_) => "refused",
        StoreError::Unavailable(_) => "unavailable",
        StoreError::OutcomeUnknown(_) => "outcome_unknown",
        StoreError::Overloaded => "overloaded",
        StoreError::DeadlineExceeded(_) => "deadline_exceeded",
        StoreError::Corrupt(_) => "corrupt",
    }
}

#[async_trait]
impl Store for TimedStore {
    async fn create_session(&self, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError> {
        self.timed("create_session", self.inner.create_session(new, now)).await
    }

    async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError> {
        self.timed("append", self.inner.append(key, events, options)).await
    }

    async fn session(&self, key: &SessionKey) -> Result<Session, StoreError> {
        self.timed("session", self.inner.session(key)).await
    }

    async fn timeline(&self, key: &SessionKey, query: EventQuery) -> Result<(Session, EventPage), StoreError> {
        self.timed("timeline", self.inner.timeline(key, query)).await
    }

    async fn event(&self, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
        self.timed("event", self.inner.event(key, event_id)).await
    }

    async fn end_session(
        &self,
        key: &SessionKey,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError> {
        self.timed("end_session", self.inner.end_session(key, ending, now)).await
    }

    async fn update_session(
        &self,
        key: &SessionKey,
        patch: SessionPatch,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.timed("update_session", self.inner.update_session(key, patch, now)).await
    }

    async fn sessions(&self, tenant: &TenantId, query: SessionQuery) -> Result<SessionPage, StoreError> {
        self.timed("sessions", self.inner.sessions(tenant, query)).await
    }

    async fn erase(&self, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
        self.timed("erase", self.inner.erase(key, now)).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        self.timed("sweep", self.inner.sweep(now)).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.timed("health", self.inner.health()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
