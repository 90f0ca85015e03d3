//! The operations by the bare driver of MongoDB: the same documents, indexes and concerns as the service's, no HTTP.

mod documents;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, bail, ensure};
use conversation_core::{Rules, Store as _};
use conversation_store::mongo::schema::{EVENTS, SESSIONS};
use conversation_store::{MongoSettings, MongoStore};
use mongodb::bson::doc;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection};

use crate::contest::Contender;
use crate::operations::{BATCH, ENDED, HISTORIES, HISTORY, Kind, OPEN, PAGE, ended, event_of_history, history, open};
use crate::payload::Payload;

use documents::{TENANT, session_filter};
pub(crate) use documents::{event, session};

const DUPLICATE_KEY: i32 = 11000;

/// The driver on a database.
#[derive(Debug)]
pub(crate) struct BareMongo {
    sessions: Collection<RawDocumentBuf>,
    events: Collection<RawDocumentBuf>,
    payload: Payload,
    numbers: Arc<AtomicU64>,
}

impl BareMongo {
    /// Makes the collections as the service does.
    pub(crate) async fn connect(uri: &str, database: &str) -> Result<Arc<Self>> {
        let settings =
            MongoSettings { uri: uri.into(), database: database.into(), auto_migrate: true, ..Default::default() };
        MongoStore::connect(settings, Rules::default()).await.context("schema")?.close().await;
        let client = Client::with_options(options(uri).await?).context("client")?;
        client.warm_connection_pool().await;
        let database = client.database(database);
        let (sessions, events) = (database.collection(SESSIONS), database.collection(EVENTS));
        Ok(Arc::new(Self { sessions, events, payload: Payload::spoken(), numbers: Arc::default() }))
    }

    /// An operation in so many tasks.
    pub(crate) fn contender(self: &Arc<Self>, name: &str, kind: Kind, tasks: u32, store: &[u32]) -> Contender {
        let bare = Arc::clone(self);
        Contender::in_process(name, tasks, store, &self.numbers, move |number| {
            let bare = Arc::clone(&bare);
            async move { bare.call(kind, number).await }
        })
    }

    /// Inserts of one event each.
    pub(crate) fn inserting(
        self: &Arc<Self>,
        tasks: u32,
        store: &[u32],
        event: impl Fn(u64) -> RawDocumentBuf + Clone + Send + 'static,
    ) -> Contender {
        let events = self.events.clone();
        Contender::in_process("insert one", tasks, store, &self.numbers, move |number| {
            let (events, event) = (events.clone(), event(number));
            async move { events.insert_one(event).await.map(|_| 1).context("insert") }
        })
    }

    /// Stores sessions and their events, as fast as it goes.
    pub(crate) async fn store(&self, sessions: Vec<RawDocumentBuf>, events: Vec<RawDocumentBuf>) -> Result<()> {
        if !sessions.is_empty() {
            self.sessions.insert_many(sessions).ordered(false).await.context("sessions")?;
        }
        if !events.is_empty() {
            self.events.insert_many(events).ordered(false).await.context("events")?;
        }
        Ok(())
    }

    async fn call(&self, kind: Kind, number: u64) -> Result<u64> {
        match kind {
            Kind::Create => self.upsert(&format!("new-{number:010}")).await?,
            Kind::Append => self.events.insert_one(self.event(&open(number), number)).await.map(drop)?,
            Kind::AppendDuplicate => self.insert_duplicate(number).await?,
            Kind::AppendBatch => {
                let (session, first) = (open(number), number * BATCH);
                let events = (first..first + BATCH).map(|n| self.event(&session, n));
                self.events.insert_many(events).ordered(false).await?;
                return Ok(BATCH);
            }
            Kind::Read => self.find_page(&history(number)).await?,
            Kind::Complete => {
                let found = self.sessions.find_one(session_filter(&ended(number))).await?;
                found.context("session")?;
            }
        }
        Ok(1)
    }

    fn event(&self, session_id: &str, number: u64) -> RawDocumentBuf {
        event(session_id, number, &self.payload.bson)
    }

    async fn upsert(&self, session_id: &str) -> Result<()> {
        let mut document = session(session_id, "initiated");
        // An upsert takes these from the filter.
        document.remove("_id");
        document.remove("sessionId");
        let upsert = self.sessions.update_one(session_filter(session_id), doc! { "$setOnInsert": document });
        upsert.upsert(true).await?.upserted_id.map(drop).context("a session that was there already")
    }

    async fn insert_duplicate(&self, number: u64) -> Result<()> {
        let event = self.event(&history(number), event_of_history(number));
        match self.events.insert_one(event).await {
            Ok(_) => bail!("an event that was to be there already"),
            Err(error) => match &*error.kind {
                ErrorKind::Write(WriteFailure::WriteError(refusal)) if refusal.code == DUPLICATE_KEY => Ok(()),
                _ => Err(error.into()),
            },
        }
    }

    async fn find_page(&self, session_id: &str) -> Result<()> {
        let filter = doc! { "sessionId": session_id, "tenantId": TENANT };
        let find = self.events.find(filter).sort(doc! { "timestamp": 1, "eventId": 1 });
        // A batch that ends with the page closes the cursor in the same call.
        let mut cursor = find.limit(PAGE as i64).batch_size(PAGE as u32 + 1).await?;
        let (mut events, mut bytes) = (0, 0);
        while cursor.advance().await? {
            (events, bytes) = (events + 1, bytes + cursor.current().as_bytes().len());
        }
        ensure!(events == PAGE && bytes > 0, "a page of {events} events");
        Ok(())
    }

    /// Stores what the operations need.
    pub(crate) async fn seed(&self) -> Result<()> {
        let sessions = (0..HISTORIES).map(|n| session(&history(n), "active"));
        let sessions = sessions.chain((0..OPEN).map(|n| session(&open(n), "active")));
        let sessions = sessions.chain((0..ENDED).map(|n| session(&ended(n), "completed")));
        let sessions = sessions.map(|document| RawDocumentBuf::try_from(&document)).collect::<Result<_, _>>()?;
        self.store(sessions, Vec::new()).await?;
        for number in 0..HISTORIES {
            let events = (0..HISTORY).map(|n| self.event(&history(number), n));
            self.store(Vec::new(), events.collect()).await?;
        }
        Ok(())
    }
}

async fn options(uri: &str) -> Result<ClientOptions> {
    let mut options = ClientOptions::parse(uri).await.context("connection string")?;
    options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    options.read_concern = Some(ReadConcern::majority());
    // As the service's own client is set up.
    options.max_pool_size = Some(100);
    options.min_pool_size = Some(8);
    options.max_connecting = Some(8);
    Ok(options)
}
