//! The calls of sessions on the store, by so many callers at once.

use std::sync::Arc;

use conversation_core::{
    EventId, EventType, JsonObject, Language, NewEvent, NewSession, SessionId, SessionKey, Status, Store, TenantId,
    Timestamp,
    json::Bounds,
    page::{EventFilter, EventQuery, Order, Start},
    session::Ending,
    store::AppendOptions,
};
use conversation_store::MongoStore;
use futures_util::{StreamExt, stream};

use crate::speech;

const CALLERS: usize = 32;
/// Events on a page, as the benchmark reads them.
const PAGE: u32 = 50;
/// 2025-12-25T10:00:00Z, and how far apart the events of a session are.
const BEGINNING: i64 = 1_766_656_800_000;
const APART: i64 = 4_000;

/// A call: which of a session's, and of which session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Create(usize),
    Append(usize, usize),
    Complete(usize),
    Read(usize),
}

/// Makes the calls, each by whichever caller is free.
pub(crate) async fn make(store: &Arc<MongoStore>, calls: impl Iterator<Item = Call>) {
    let one = |call| {
        let store = Arc::clone(store);
        tokio::spawn(async move { call_store(&store, call).await })
    };
    let made = stream::iter(calls).map(one).buffer_unordered(CALLERS);
    made.for_each(async |ended| ended.expect("no panic")).await;
}

async fn call_store(store: &MongoStore, call: Call) {
    match call {
        Call::Create(session) => {
            let metadata = JsonObject::parse(r#"{"userId":"user_456","channel":"phone"}"#, Bounds::NONE);
            let language = Language::parse("en-US").expect("a language");
            let mut new = NewSession::opened(key(session), language);
            new.metadata = Some(metadata.expect("an object"));
            store.create_session(new, at(0)).await.expect("created");
        }
        Call::Append(session, event) => {
            let payload = JsonObject::parse(&speech::payload(session, event), Bounds::NONE).expect("an object");
            let id = EventId::parse(&speech::uuid(session, event)).expect("an id");
            let new = NewEvent::new(id, EventType::UserSpeech, payload, Some(at(event)));
            let options = AppendOptions { now: at(event), create_session: None };
            let stored = store.append(&key(session), vec![new], options).await.expect("appended");
            assert!(stored.iter().all(Result::is_ok), "{stored:?}");
        }
        Call::Complete(session) => {
            let ending = Ending { status: Status::Completed, ended_at: None, reason: None };
            store.end_session(&key(session), ending, at(100)).await.expect("completed");
        }
        Call::Read(session) => {
            let (filter, start) = (EventFilter::default(), Start::After(None));
            let query = EventQuery { filter, order: Order::Ascending, start, limit: PAGE, counted: false };
            store.timeline(&key(session), query).await.expect("read");
        }
    }
}

fn key(session: usize) -> SessionKey {
    SessionKey {
        tenant: TenantId::parse("default").expect("an id"),
        session_id: SessionId::parse(&speech::uuid(session, usize::MAX)).expect("an id"),
    }
}

fn at(event: usize) -> Timestamp {
    Timestamp::from_millis(BEGINNING + i64::try_from(event).expect("small") * APART)
}
