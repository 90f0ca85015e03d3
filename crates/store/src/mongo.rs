//! The MongoDB store: a replica set or a sharded cluster. Here is where each verb of the contract is found.

mod append;
mod client;
mod coalesce;
mod documents;
mod erasure;
mod errors;
mod heads;
mod insert;
mod json;
mod keyset;
mod lately;
mod listing;
mod memory;
mod run;
pub mod schema;
mod sessions;
mod timeline;

use std::{
    fmt,
    sync::Mutex,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bson::RawDocumentBuf;
use conversation_core::{
    Event, EventId, NewEvent, NewSession, Rules, Session, SessionKey, SessionPatch, Store, StoreError, TenantId,
    Timestamp,
    page::{EventPage, EventQuery, SessionPage, SessionQuery},
    session::Ending,
    store::{AppendOptions, Health, Swept, Written},
};
use mongodb::{Client, Collection, Database};

pub use client::{ConnectError, MongoSettings};
pub use coalesce::CoalesceBounds;

use append::{Insertion, Recall};
use coalesce::Coalescer;
use documents::Head;
use heads::{Heads, Known};
use lately::Lately;
use memory::Memory;
use sessions::{Changes, Creation, Lookup};

/// How many totals of final sessions are remembered.
const REMEMBERED_TOTALS: usize = 10_000;

/// A store in a MongoDB database.
pub struct MongoStore {
    client: Client,
    database: Database,
    sessions: Collection<RawDocumentBuf>,
    events: Collection<RawDocumentBuf>,
    rules: Rules,
    /// How long one call of the driver is waited for.
    limit: Duration,
    sharded: bool,
    version: String,
    heads: Heads,
    /// How many events sessions have that were final when they were counted. A session goes by the moment of its creation too,
    /// because its identifier is free for another one long after an erasure.
    totals: Mutex<Memory<(SessionKey, Timestamp), u64>>,
    lookup: Coalescer<Lookup>,
    creation: Coalescer<Creation>,
    changes: Coalescer<Changes>,
    insertion: Coalescer<Insertion>,
    recall: Coalescer<Recall>,
    lately: Lately,
}

impl MongoStore {
    fn new(client: Client, settings: &MongoSettings, rules: Rules, sharded: bool, version: String) -> Self {
        let (bounds, limit) = (settings.coalescing, settings.operation_timeout);
        let database = client.database(&settings.database);
        let (sessions, events) = (database.collection(schema::SESSIONS), database.collection(schema::EVENTS));
        Self {
            heads: Heads::new(&rules),
            totals: Mutex::new(Memory::new(REMEMBERED_TOTALS)),
            lookup: Coalescer::new(Lookup { sessions: sessions.clone(), limit }, bounds, limit),
            creation: Coalescer::new(Creation { sessions: sessions.clone(), limit }, bounds, limit),
            changes: Coalescer::new(Changes { database: database.clone(), limit }, bounds, limit),
            recall: Coalescer::new(Recall { events: events.clone(), limit }, bounds, limit),
            lately: Lately::new(),
            insertion: Coalescer::new(Insertion { events: events.clone(), limit }, bounds, limit),
            client,
            database,
            sessions,
            events,
            rules,
            limit,
            sharded,
            version,
        }
    }

    /// Remembers what was found of a session at `as_of`.
    fn remember(&self, key: &SessionKey, found: &Result<Session, StoreError>, as_of: Instant) {
        match found {
            Ok(session) => self.heads.put(key, Known::There(Head::of(session)), as_of),
            Err(StoreError::SessionErased) => self.heads.put(key, Known::Erased, as_of),
            Err(_) => {}
        }
    }

    async fn observe(&self) -> Result<Health, StoreError> {
        let observed = schema::observe(&self.client, &self.database, self.sharded, self.limit).await;
        let observed = observed.map_err(|fault| errors::read(&fault))?;
        let missing = schema::missing(schema::DECLARED, &observed);
        Ok(Health { store: format!("MongoDB {}", self.version), missing })
    }

    async fn shut_down(&self) {
        let client = self.client.clone();
        let closing = run::call(self.limit, async move {
            client.shutdown().await;
            Ok(())
        });
        if let Err(fault) = closing.await {
            tracing::warn!(%fault, "the connections to MongoDB were not closed in time");
        }
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("database", &self.database.name()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn create_session(&self, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError> {
        sessions::create(self, new, now).await
    }

    async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError> {
        append::append(self, key, events, options).await
    }

    async fn session(&self, key: &SessionKey) -> Result<Session, StoreError> {
        sessions::get(self, key).await
    }

    async fn timeline(&self, key: &SessionKey, query: EventQuery) -> Result<(Session, EventPage), StoreError> {
        timeline::timeline(self, key, query).await
    }

    async fn event(&self, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
        timeline::event(self, key, event_id).await
    }

    async fn end_session(
        &self,
        key: &SessionKey,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError> {
        sessions::end(self, key, ending, now).await
    }

    async fn update_session(
        &self,
        key: &SessionKey,
        patch: SessionPatch,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        sessions::update(self, key, patch, now).await
    }

    async fn sessions(&self, tenant: &TenantId, query: SessionQuery) -> Result<SessionPage, StoreError> {
        listing::sessions(self, tenant, query).await
    }

    async fn erase(&self, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
        erasure::erase(self, key, now).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        erasure::sweep(self, now).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.observe().await
    }

    async fn close(&self) {
        self.shut_down().await;
    }
}
