//! A store on a replica set, and what the tests say in one word.

use std::time::Duration;

use bson::{Document, doc};
use conversation_core::{
    Event, EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, Store,
    StoreError, TenantId, Timestamp,
    json::Bounds,
    store::{AppendOptions, Written},
};
use conversation_store::{MongoSettings, MongoStore};
use conversation_testkit::{ReplicaSet, unique_database};
use mongodb::Database;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_766_656_800_000);

/// A store in a database of its own, and that database as the driver has it.
pub(crate) struct Fixture {
    pub(crate) store: MongoStore,
    pub(crate) database: Database,
}

/// On the replica set that the tests share; for those that hurt no server.
pub(crate) async fn fixture() -> Fixture {
    on(ReplicaSet::shared().await.expect("a replica set")).await
}

pub(crate) async fn on(set: &ReplicaSet) -> Fixture {
    with(set, settings(set)).await
}

pub(crate) async fn with(set: &ReplicaSet, settings: MongoSettings) -> Fixture {
    let database = set.client().await.expect("a client").database(&settings.database);
    let store = MongoStore::connect(settings, Rules::default()).await.expect("a store");
    Fixture { store, database }
}

/// With so much patience that no deadline passes on a busy machine, where a test means none to pass.
pub(crate) fn settings(set: &ReplicaSet) -> MongoSettings {
    MongoSettings {
        // The least that the driver allows: a new primary is soon known.
        uri: format!("{}&heartbeatFrequencyMS=500", set.uri()),
        database: unique_database(),
        operation_timeout: Duration::from_secs(60),
        server_selection_timeout: Duration::from_secs(20),
        auto_migrate: true,
        ..MongoSettings::default()
    }
}

/// With the service's own deadlines, for tests of what happens when they pass.
pub(crate) fn hasty(set: &ReplicaSet) -> MongoSettings {
    let operation_timeout = MongoSettings::default().operation_timeout;
    MongoSettings { operation_timeout, server_selection_timeout: Duration::from_secs(2), ..settings(set) }
}

pub(crate) fn key(session_id: &str) -> SessionKey {
    SessionKey {
        tenant: TenantId::parse("t").expect("a tenant id"),
        session_id: SessionId::parse(session_id).expect("a session id"),
    }
}

pub(crate) fn new_session(session_id: &str) -> NewSession {
    NewSession::opened(key(session_id), Language::parse("en").expect("a language tag"))
}

pub(crate) fn object(text: &str) -> JsonObject {
    JsonObject::parse(text, Bounds::NONE).expect("a JSON object").0
}

pub(crate) fn event(event_id: &str, payload: &str, timestamp: Option<i64>) -> NewEvent {
    NewEvent::new(
        EventId::parse(event_id).expect("an event id"),
        EventType::UserSpeech,
        JsonObject::parse(payload, Bounds::NONE).expect("a JSON object"),
        timestamp.map(|millis| Timestamp::from_millis(NOW.as_millis() + millis)),
    )
}

impl Fixture {
    pub(crate) async fn opened(&self, session_id: &str) {
        self.store.create_session(new_session(session_id), NOW).await.expect("created");
    }

    pub(crate) async fn append(
        &self,
        session_id: &str,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError> {
        let options = AppendOptions { now: NOW, create_session: None };
        self.store.append(&key(session_id), events, options).await
    }

    pub(crate) async fn append_one(&self, session_id: &str, event: NewEvent) -> Result<Written<Event>, StoreError> {
        self.append(session_id, vec![event]).await?.remove(0)
    }

    /// Switches the profiler on (2) or off (0).
    pub(crate) async fn profile(&self, level: i32) {
        self.database.run_command(doc! { "profile": level }).await.expect("the profiler");
    }

    pub(crate) async fn stored(&self, collection: &str) -> u64 {
        let collection = self.database.collection::<Document>(collection);
        collection.count_documents(doc! {}).await.expect("counted")
    }
}
