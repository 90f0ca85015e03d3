//! The embedded store: one SQLite file, one process. One writer thread commits what has gathered with one flush; a few
//! connections read committed data beside it.

mod append;
mod erasure;
mod errors;
mod listing;
mod open;
mod reader;
mod rows;
mod sessions;
mod timeline;
mod writer;

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use conversation_core::{
    Event, EventId, NewEvent, NewSession, Rules, Session, SessionKey, SessionPatch, Store, StoreError, TenantId,
    Timestamp,
    page::{EventPage, EventQuery, SessionPage, SessionQuery},
    session::Ending,
    store::{AppendOptions, Health, Swept, Written},
};

use open::FolderLock;
pub use open::OpenError;
use reader::Readers;
use writer::Writer;

/// How the embedded store is set up.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// The folder that holds the database file; made when it is missing.
    pub folder: PathBuf,
    /// The most operations that wait for the writer; one more is refused as `Overloaded`.
    pub queue: usize,
    /// The most operations in one commit, which bounds how long the last of them waits.
    pub batch: usize,
    /// Connections that read.
    pub readers: usize,
}

impl EmbeddedSettings {
    /// The usual set-up, in `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), queue: 4096, batch: 512, readers: 4 }
    }
}

/// A store in one SQLite file.
pub struct EmbeddedStore {
    // The fields are dropped in this order: the file is closed before the folder is let go.
    writer: Writer,
    readers: Readers,
    rules: Arc<Rules>,
    _lock: FolderLock,
}

impl EmbeddedStore {
    /// Opens the database file, or makes it, and starts the writer.
    ///
    /// # Errors
    /// When the folder cannot be written, another process has it, or the file is not a database of this service.
    pub fn open(settings: &EmbeddedSettings, rules: Rules) -> Result<Self, OpenError> {
        let lock = FolderLock::take(&settings.folder)?;
        let file = settings.folder.join(open::FILE_NAME);
        let writer = Writer::start(open::for_writing(&file)?, settings.queue, settings.batch);
        let readers = (0..settings.readers).map(|_| open::for_reading(&file)).collect::<Result<_, _>>()?;
        Ok(Self { writer, readers: Readers::new(readers), rules: Arc::new(rules), _lock: lock })
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedStore")
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn create_session(&self, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError> {
        self.writer.run(move |db| sessions::create(db, new, now)).await
    }

    async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError> {
        let (key, rules) = (key.clone(), Arc::clone(&self.rules));
        self.writer.run(move |db| append::append(db, &key, events, options, &rules)).await
    }

    async fn session(&self, key: &SessionKey) -> Result<Session, StoreError> {
        let key = key.clone();
        self.readers.run(move |db| sessions::get(db, &key).map(|(_, session)| session)).await
    }

    async fn timeline(&self, key: &SessionKey, query: EventQuery) -> Result<(Session, EventPage), StoreError> {
        let key = key.clone();
        self.readers.run(move |db| timeline::timeline(db, &key, &query)).await
    }

    async fn event(&self, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
        let (key, event_id) = (key.clone(), event_id.clone());
        self.readers.run(move |db| timeline::event(db, &key, &event_id)).await
    }

    async fn end_session(
        &self,
        key: &SessionKey,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError> {
        let key = key.clone();
        self.writer.run(move |db| sessions::end(db, &key, ending, now)).await
    }

    async fn update_session(
        &self,
        key: &SessionKey,
        patch: SessionPatch,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        let (key, rules) = (key.clone(), Arc::clone(&self.rules));
        self.writer.run(move |db| sessions::update(db, &key, &patch, now, &rules)).await
    }

    async fn sessions(&self, tenant: &TenantId, query: SessionQuery) -> Result<SessionPage, StoreError> {
        let tenant = tenant.clone();
        self.readers.run(move |db| listing::sessions(db, &tenant, &query)).await
    }

    async fn erase(&self, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
        let (key, expires_at) = (key.clone(), now.plus(self.rules.erasure_tombstone_ttl));
        self.writer.run_then(move |db| erasure::erase(db, &key, now, expires_at), erasure::empty_log).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        self.writer.run_then(move |db| erasure::sweep(db, now), erasure::empty_log).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        // Through both doors: a writer that died would be missed by a read alone.
        self.writer.run(|_| Ok(())).await?;
        self.readers.run(open::health).await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
