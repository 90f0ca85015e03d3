//! The store with a fault: every method is passed on, but those that the fault is about.

use std::sync::{Arc, atomic::AtomicU64};

use async_trait::async_trait;
use conversation_core::{
    Event, EventId, NewEvent, NewSession, Session, SessionKey, SessionPatch, Store, StoreError, TenantId, Timestamp,
    page::{EventPage, EventQuery, SessionPage, SessionQuery},
    session::Ending,
    store::{AppendOptions, Health, Swept, Written},
};
use mongodb::{Collection, bson::Document};

use crate::{config::Fault, pages, write_behind::WriteBehind};

/// What became of one event.
pub(crate) type Outcome = Result<Written<Event>, StoreError>;

/// A store around the real one.
#[derive(Debug)]
pub(crate) struct Sabotaged {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) fault: Fault,
    pub(crate) documents: Option<Collection<Document>>,
    /// How many events were appended, so that one in so many can be hit.
    pub(crate) appended: AtomicU64,
    behind: Option<WriteBehind>,
}

impl Sabotaged {
    pub(crate) fn new(inner: Arc<dyn Store>, fault: Fault, documents: Option<Collection<Document>>) -> Self {
        let behind = (fault == Fault::AcknowledgesEarly).then(|| WriteBehind::begin(Arc::clone(&inner)));
        Self { inner, fault, documents, appended: AtomicU64::new(0), behind }
    }

    /// Who writes late must write before it reads, or its own callers would notice.
    async fn settle(&self, key: &SessionKey) {
        if let Some(behind) = &self.behind {
            behind.flush(key).await;
        }
    }
}

#[async_trait]
impl Store for Sabotaged {
    async fn create_session(&self, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError> {
        self.inner.create_session(new, now).await
    }

    async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Outcome>, StoreError> {
        match &self.behind {
            Some(behind) => behind.append(key, events, options).await,
            None => self.append_with_fault(key, events, options).await,
        }
    }

    async fn session(&self, key: &SessionKey) -> Result<Session, StoreError> {
        self.settle(key).await;
        self.inner.session(key).await
    }

    async fn timeline(&self, key: &SessionKey, query: EventQuery) -> Result<(Session, EventPage), StoreError> {
        self.settle(key).await;
        let (session, page) = self.inner.timeline(key, query).await?;
        Ok((session, pages::with_fault(self.fault, page)))
    }

    async fn event(&self, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
        self.settle(key).await;
        self.inner.event(key, event_id).await
    }

    async fn end_session(
        &self,
        key: &SessionKey,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError> {
        self.settle(key).await;
        self.inner.end_session(key, ending, now).await
    }

    async fn update_session(
        &self,
        key: &SessionKey,
        patch: SessionPatch,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.inner.update_session(key, patch, now).await
    }

    async fn sessions(&self, tenant: &TenantId, query: SessionQuery) -> Result<SessionPage, StoreError> {
        self.inner.sessions(tenant, query).await
    }

    async fn erase(&self, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
        self.inner.erase(key, now).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        self.inner.sweep(now).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
