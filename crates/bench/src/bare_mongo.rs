//! The operations by the bare driver of MongoDB: the same documents, indexes and concerns as the service's, no HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use conversation_core::{Rules, Store as _};
use conversation_store::mongo::schema::{EVENTS, SESSIONS};
use conversation_store::{MongoSettings, MongoStore};
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc, rawdoc};
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection};
use tokio::task::JoinSet;

use crate::operations::{
    BATCH, ENDED, EVENT_TYPE, HISTORIES, HISTORY, Kind, LANGUAGE, OPEN, PAGE, ended, event_id, event_of_history,
    history, open, timestamp,
};
use crate::sample::Sample;

const TENANT: &str = "default";
const DUPLICATE_KEY: i32 = 11000;

/// The driver on a database of its own.
#[derive(Debug)]
pub(crate) struct BareMongo {
    sessions: Collection<RawDocumentBuf>,
    events: Collection<RawDocumentBuf>,
    numbers: AtomicU64,
}

impl BareMongo {
    /// Makes the collections as the service does, and stores what the operations need.
    pub(crate) async fn prepare(uri: String) -> Result<Arc<Self>> {
        let database = "bench_bare";
        let settings =
            MongoSettings { uri: uri.clone(), database: database.into(), auto_migrate: true, ..Default::default() };
        MongoStore::connect(settings, Rules::default()).await.context("schema")?.close().await;
        let client = Client::with_options(options(&uri).await?).context("client")?;
        client.warm_connection_pool().await;
        let database = client.database(database);
        let (sessions, events) = (database.collection(SESSIONS), database.collection(EVENTS));
        let bare = Self { sessions, events, numbers: AtomicU64::new(0) };
        bare.seed().await.context("seed of the bare driver")?;
        Ok(Arc::new(bare))
    }

    /// Runs an operation in so many tasks.
    pub(crate) async fn run(self: &Arc<Self>, kind: Kind, tasks: u32, time: Duration) -> Result<Sample> {
        let started = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let bare = Arc::clone(self);
            running.spawn(async move {
                let mut sample = Sample::new()?;
                while started.elapsed() < time {
                    let number = bare.numbers.fetch_add(1, Ordering::Relaxed);
                    let asked = Instant::now();
                    let items = bare.call(kind, number).await?;
                    sample.record(asked.elapsed(), items)?;
                }
                anyhow::Ok(sample)
            });
        }
        let mut all = Sample::new()?;
        while let Some(ended) = running.join_next().await {
            all.merge(&ended.context("task of the bare driver")??)?;
        }
        Ok(all.lasting(started.elapsed()))
    }

    async fn call(&self, kind: Kind, number: u64) -> Result<u64> {
        match kind {
            Kind::Create => self.upsert(&format!("new-{number:010}")).await?,
            Kind::Append => self.events.insert_one(event(&open(number), number)).await.map(drop)?,
            Kind::AppendDuplicate => self.insert_duplicate(number).await?,
            Kind::AppendBatch => {
                let (session, first) = (open(number), number * BATCH);
                let events = (first..first + BATCH).map(|n| event(&session, n));
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

    async fn upsert(&self, session_id: &str) -> Result<()> {
        let mut document = session(session_id, "initiated");
        // An upsert takes these from the filter.
        document.remove("_id");
        document.remove("sessionId");
        let upsert = self.sessions.update_one(session_filter(session_id), doc! { "$setOnInsert": document });
        upsert.upsert(true).await?.upserted_id.map(drop).context("a session that was there already")
    }

    async fn insert_duplicate(&self, number: u64) -> Result<()> {
        let event = event(&history(number), event_of_history(number));
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

    async fn seed(&self) -> Result<()> {
        let sessions = (0..HISTORIES).map(|n| session(&history(n), "active"));
        let sessions = sessions.chain((0..OPEN).map(|n| session(&open(n), "active")));
        let sessions = sessions.chain((0..ENDED).map(|n| session(&ended(n), "completed")));
        let sessions: Vec<_> = sessions.map(|document| raw(&document)).collect::<Result<_>>()?;
        self.sessions.insert_many(sessions).await?;
        for number in 0..HISTORIES {
            let events = (0..HISTORY).map(|n| event(&history(number), n));
            self.events.insert_many(events).await?;
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

fn session_filter(session_id: &str) -> Document {
    doc! { "_id": format!("{TENANT}/{session_id}"), "sessionId": session_id }
}

fn session(session_id: &str, status: &str) -> Document {
    let now = DateTime::from_millis(timestamp(0));
    doc! {
        "_id": format!("{TENANT}/{session_id}"), "tenantId": TENANT, "sessionId": session_id, "status": status,
        "language": LANGUAGE, "startedAt": now, "endedAt": (status == "completed").then_some(now), "endReason": null,
        "metadata": { "userId": "user_456", "channel": "phone" }, "createdAt": now, "updatedAt": now,
        "fingerprint": fingerprint(), "revision": 0_i64,
    }
}

fn event(session_id: &str, number: u64) -> RawDocumentBuf {
    let (id, at) = (event_id(number), DateTime::from_millis(timestamp(number)));
    rawdoc! {
        "_id": format!("{TENANT}/{session_id}/{id}"), "tenantId": TENANT, "sessionId": session_id, "eventId": id,
        "type": EVENT_TYPE, "payload": payload(), "timestamp": at, "receivedAt": at, "late": false,
        "fingerprint": fingerprint(),
    }
}

/// The payload of the requests.
fn payload() -> RawDocumentBuf {
    rawdoc! {
        "transcript": "I would like to change the delivery address of my last order, please.", "confidence": 0.97,
        "durationMs": 3120_i64, "speaker": { "role": "caller", "channel": 1_i64 }, "final": true,
    }
}

fn fingerprint() -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: vec![7; 16] }
}

fn raw(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).context("document")
}

#[cfg(test)]
mod tests {
    use super::payload;
    use crate::operations::PAYLOAD;
    use mongodb::bson::RawBsonRef;

    #[test]
    fn the_payload_is_that_of_the_requests() {
        let payload = payload();
        let mut expected = PAYLOAD;
        for element in payload.iter_elements().map(|element| element.expect("valid")) {
            let from =
                expected.find(&format!("{:?}:", element.key().as_str())).expect("the same key, in the same order");
            expected = &expected[from..];
            if let RawBsonRef::String(text) = element.value().expect("valid") {
                assert!(expected.contains(text), "{text}");
            }
        }
        assert_eq!(payload.get("confidence").ok().flatten(), Some(RawBsonRef::Double(0.97)));
    }
}
