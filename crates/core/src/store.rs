//! The contract of the store: the domain's verbs, each with its atomicity, order, idempotence and errors.
//! Every implementation passes the one conformance suite in `conversation-store`.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    Event, EventId, Language, NewEvent, NewSession, Session, SessionKey, SessionPatch, Status, TenantId, Timestamp,
    page::{EventPage, EventQuery, SessionPage, SessionQuery},
    session::{Ending, InvalidPatch},
};

/// The cause of a fault, for the log; never for clients.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked.
/// The first group is the data's own answer and final; the second is a fault, each saying what the caller may do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No session has this identifier.
    #[error("the session does not exist")]
    SessionNotFound,
    /// The session has no such event.
    #[error("the session has no such event")]
    EventNotFound,
    /// The session was erased, and its identifier stays refused for a while.
    #[error("the session was erased")]
    SessionErased,
    /// The session ended too long ago for what was asked.
    #[error("the session has ended")]
    SessionClosed,
    /// The session already ended in the other way.
    #[error("the session is already {}", current.as_str())]
    InvalidTransition {
        /// How it ended.
        current: Status,
    },
    /// The patch cannot be applied to the session as it is.
    #[error(transparent)]
    InvalidPatch(#[from] InvalidPatch),

    /// Nothing was written: the store cannot be reached, or refused the operation as a whole. Safe to retry.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
    /// The write may or may not have happened. Safe to retry with the same identifiers.
    #[error("the outcome of the write is unknown")]
    OutcomeUnknown(#[source] Cause),
    /// Nothing was written: too much is waiting already. Retry later.
    #[error("the store has too much waiting")]
    Overloaded,
    /// A read did not finish in time.
    #[error("the store did not answer in time")]
    DeadlineExceeded(#[source] Cause),
    /// The store holds something that this service did not write. Do not retry.
    #[error("the stored data is corrupt")]
    Corrupt(#[source] Cause),
}

/// What became of a write that may have been made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written<T> {
    /// This call wrote it.
    New(T),
    /// It was there already; the stored one is returned, unchanged.
    Replayed(T),
}

/// Who is asked to take an append and when.
#[derive(Clone, Debug)]
pub struct AppendOptions {
    /// The time of receipt.
    pub now: Timestamp,
    /// Creates a missing session, in this language.
    pub create_session: Option<Language>,
}

/// What is known about a store's ability to serve.
#[derive(Clone, Debug)]
pub struct Health {
    /// The store's name and version.
    pub store: String,
    /// What the declared schema has and the store has not; nothing when it is as declared.
    pub missing: Vec<String>,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Events that were stored while their session was being erased.
    pub stray_events: u64,
    /// Tombstones that had expired.
    pub tombstones: u64,
}

/// The only door to data.
///
/// What a method has answered is durable: on a majority of the replica set with its journal flushed, or flushed to disk
/// (INV-1). Every method may also return the faults of [`StoreError`].
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Creates a session unless it exists. Atomic: of concurrent calls with one key exactly one is `New`, and all return
    /// the same stored session. Idempotent for ever.
    ///
    /// # Errors
    /// `SessionErased`.
    async fn create_session(&self, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError>;

    /// Appends events, each atomically and independently of the others, in their order; an event whose identifier the
    /// session already has is `Replayed`, for ever, whatever became of the session. The first event makes an initiated
    /// session active before this returns. The answers are in the order of `events`.
    ///
    /// # Errors
    /// Whole: `SessionNotFound`, `SessionErased`. By event: `SessionClosed`, and the faults.
    async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError>;

    /// The session.
    ///
    /// # Errors
    /// `SessionNotFound`, `SessionErased`.
    async fn session(&self, key: &SessionKey) -> Result<Session, StoreError>;

    /// The session and a page of its events. The page is not a snapshot: events that arrive during a walk appear if they
    /// sort behind the walk's position; none is repeated and none that was there at its beginning is left out.
    ///
    /// # Errors
    /// `SessionNotFound`, `SessionErased`.
    async fn timeline(&self, key: &SessionKey, query: EventQuery) -> Result<(Session, EventPage), StoreError>;

    /// One event.
    ///
    /// # Errors
    /// `SessionNotFound`, `SessionErased`, `EventNotFound`.
    async fn event(&self, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError>;

    /// Ends a session. Atomic: the first terminal status wins, and its end time and reason never change. `Replayed` when
    /// the session had this status already.
    ///
    /// # Errors
    /// `SessionNotFound`, `SessionErased`, `InvalidTransition`.
    async fn end_session(
        &self,
        key: &SessionKey,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError>;

    /// Changes a session that has not ended. Atomic: concurrent patches are applied one after the other.
    ///
    /// # Errors
    /// `SessionNotFound`, `SessionErased`, `SessionClosed`, `InvalidPatch`.
    async fn update_session(
        &self,
        key: &SessionKey,
        patch: SessionPatch,
        now: Timestamp,
    ) -> Result<Session, StoreError>;

    /// A page of the tenant's sessions, without erased ones.
    ///
    /// # Errors
    /// Only the faults.
    async fn sessions(&self, tenant: &TenantId, query: SessionQuery) -> Result<SessionPage, StoreError>;

    /// Removes a session and all its events, and leaves a tombstone. Idempotent. An append that races it may store events
    /// that no reader sees; [`Store::sweep`] removes them.
    ///
    /// # Errors
    /// `SessionNotFound` for an identifier that was never seen.
    async fn erase(&self, key: &SessionKey, now: Timestamp) -> Result<(), StoreError>;

    /// Removes what erasures left behind. Idempotent; any number of processes may run it.
    ///
    /// # Errors
    /// Only the faults.
    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError>;

    /// Asks the store whether it can serve.
    ///
    /// # Errors
    /// Only the faults.
    async fn health(&self) -> Result<Health, StoreError>;

    /// Finishes what was accepted and lets go of the store. Later calls answer `Unavailable`.
    async fn close(&self);
}
