//! What the tests of the suite say in one word.

use conversation_core::{
    Event, EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, Session, SessionId, SessionKey,
    Status, StoreError, TenantId, Timestamp,
    json::Bounds,
    page::{EventFilter, EventPage, EventQuery, Order, Start},
    session::Ending,
    store::{AppendOptions, Written},
};

use crate::fixture::{self, Fixture};

/// The time at which the tests begin: all times in them are relative to it.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_766_656_800_000);

pub(super) async fn fixture() -> Fixture {
    fixture::open(Rules::default()).await
}

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

pub(super) fn key(session_id: &str) -> SessionKey {
    tenant_key("default", session_id)
}

pub(super) fn tenant_key(tenant: &str, session_id: &str) -> SessionKey {
    SessionKey {
        tenant: TenantId::parse(tenant).expect("a tenant id"),
        session_id: SessionId::parse(session_id).expect("a session id"),
    }
}

pub(super) fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a language tag")
}

pub(super) fn object(text: &str) -> JsonObject {
    JsonObject::parse(text, Bounds::NONE).expect("a JSON object").0
}

pub(super) fn new_session(session_id: &str) -> NewSession {
    NewSession::opened(key(session_id), language("en-US"))
}

pub(super) fn new_event(event_id: &str) -> NewEvent {
    event(event_id, "{}", None)
}

pub(super) fn event(event_id: &str, payload: &str, timestamp: Option<Timestamp>) -> NewEvent {
    NewEvent::new(
        EventId::parse(event_id).expect("an event id"),
        EventType::UserSpeech,
        JsonObject::parse(payload, Bounds::NONE).expect("a JSON object"),
        timestamp,
    )
}

pub(super) fn options(now: Timestamp) -> AppendOptions {
    AppendOptions { now, create_session: None }
}

pub(super) fn everything() -> EventQuery {
    EventQuery {
        filter: EventFilter::default(),
        order: Order::Ascending,
        start: Start::Offset(0),
        limit: 500,
        counted: true,
    }
}

impl Fixture {
    /// Creates a session and returns it.
    pub(super) async fn opened(&self, session_id: &str) -> Session {
        match self.store.create_session(new_session(session_id), NOW).await.expect("created") {
            Written::New(session) | Written::Replayed(session) => session,
        }
    }

    /// Appends one event at `now`.
    pub(super) async fn append_one(
        &self,
        session_id: &str,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<Written<Event>, StoreError> {
        let mut answers = self.store.append(&key(session_id), vec![event], options(now)).await?;
        assert_eq!(answers.len(), 1, "one answer for one event");
        answers.remove(0)
    }

    /// Appends events that must all be new.
    pub(super) async fn append_all(&self, session_id: &str, events: Vec<NewEvent>) {
        for answer in self.store.append(&key(session_id), events, options(NOW)).await.expect("appended") {
            assert!(matches!(answer, Ok(Written::New(_))), "{answer:?}");
        }
    }

    pub(super) async fn page(&self, session_id: &str, query: EventQuery) -> EventPage {
        self.store.timeline(&key(session_id), query).await.expect("a page").1
    }

    /// The identifiers of the first 500 events.
    pub(super) async fn event_ids(&self, session_id: &str) -> Vec<String> {
        ids(&self.page(session_id, everything()).await)
    }

    pub(super) async fn end(
        &self,
        session_id: &str,
        status: Status,
        now: Timestamp,
    ) -> Result<Written<Session>, StoreError> {
        self.store.end_session(&key(session_id), Ending { status, ended_at: None, reason: None }, now).await
    }
}

pub(super) fn ids(page: &EventPage) -> Vec<String> {
    page.events.iter().map(|event| event.event_id.to_string()).collect()
}
