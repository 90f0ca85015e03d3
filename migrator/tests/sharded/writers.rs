//! Clients that append while the migrator works, and what they were promised.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bson::{Document, doc};
use conversation_core::{
    EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, Store as _, TenantId,
    Timestamp, json::Bounds, store::AppendOptions,
};
use conversation_store::{MongoSettings, MongoStore};
use futures_util::TryStreamExt as _;
use tokio::task::JoinHandle;

use crate::runner::Target;

const WRITERS: usize = 4;
const NOW: Timestamp = Timestamp::from_millis(1_766_656_800_000);

/// Writers at work.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<HashSet<String>>>,
}

impl Writers {
    /// Lets writers append to sessions of their own until they are stopped.
    pub(crate) async fn start(target: &Target) -> Self {
        let settings =
            MongoSettings { uri: target.uri.clone(), database: target.database.clone(), ..MongoSettings::default() };
        let store = Arc::new(MongoStore::connect(settings, Rules::default()).await.expect("a store"));
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&store), Arc::clone(&stop), writer)));
        let tasks = tasks.collect();
        Self { stop, tasks }
    }

    /// Stops the writers and returns the `_id`s of the events that were acknowledged.
    pub(crate) async fn stop(self) -> HashSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut acknowledged = HashSet::new();
        for task in self.tasks {
            acknowledged.extend(task.await.expect("no panic"));
        }
        acknowledged
    }
}

async fn write(store: Arc<MongoStore>, stop: Arc<AtomicBool>, writer: usize) -> HashSet<String> {
    let mut acknowledged = HashSet::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // Every tenth append goes to a new session, so that sessions are written too.
        let key = key(writer, number / 10);
        let event_id = EventId::parse(&format!("e{number}")).expect("an id");
        let payload = JsonObject::parse("{}", Bounds::NONE).expect("an object");
        let event = NewEvent::new(event_id.clone(), EventType::System, payload, None);
        let language = Language::parse("en").expect("a language");
        store.create_session(NewSession::opened(key.clone(), language), NOW).await.ok();
        let options = AppendOptions { now: NOW, create_session: None };
        let answers = store.append(&key, vec![event], options).await;
        if answers.is_ok_and(|answers| answers.iter().all(Result::is_ok)) {
            acknowledged.insert(key.event_document_id(&event_id));
        }
    }
    acknowledged
}

fn key(writer: usize, session: usize) -> SessionKey {
    SessionKey {
        tenant: TenantId::parse("default").expect("an id"),
        session_id: SessionId::parse(&format!("w{writer}-{session:05}")).expect("an id"),
    }
}

/// Every acknowledged event is stored, and none is stored twice.
pub(crate) async fn assert_kept(target: &Target, acknowledged: &HashSet<String>) {
    let found = target.collection("events").find(doc! {}).projection(doc! { "_id": 1 }).await.expect("an answer");
    let found: Vec<Document> = found.try_collect().await.expect("documents");
    let ids: Vec<&str> = found.iter().map(|event| event.get_str("_id").expect("an id")).collect();
    let once: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "no event is there twice");
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !once.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(acknowledged.len() > 50, "the writers were at work: {}", acknowledged.len());
}
