//! Appending events, each stored once by its `_id` (INV-2). The effect is in the order duplicate, session status, insert: an event that is there already is
//! answered with the stored one, however the session fares.

use std::collections::HashMap;

use bson::{Document, doc};
use conversation_core::{
    Event, EventId, NewEvent, NewSession, SessionKey, Status, StoreError, Timestamp,
    session::Admission,
    store::{AppendOptions, Written},
};
use mongodb::{error::ErrorKind, options::FindOptions};
use thiserror::Error;

use super::{
    MongoStore,
    documents::{Envelope, Head, events_filter, read_event, read_event_without_payload, session_filter, write_event},
    errors,
    run::{self, Fault, call},
    sessions,
};

/// What became of one event.
type Outcome = Result<Written<Event>, StoreError>;

/// An event is there by its `_id`, yet no majority has it: it is being erased, or has not spread yet.
#[derive(Debug, Error)]
#[error("an insert met an event that could not be read back")]
struct Vanishing;

pub(super) async fn append(
    store: &MongoStore,
    key: &SessionKey,
    events: Vec<NewEvent>,
    options: AppendOptions,
) -> Result<Vec<Outcome>, StoreError> {
    let AppendOptions { now, create_session } = options;
    let (head, created) = match head(store, key).await? {
        Some(head) => (head, false),
        None => {
            let language = create_session.ok_or(StoreError::SessionNotFound)?;
            (self::created(sessions::create(store, NewSession::opened(key.clone(), language), now).await?), true)
        }
    };
    let admission = Admission::of(head.ended_at, now, &store.rules);
    let events: Vec<Event> =
        events.into_iter().map(|event| event.into_event(now, admission == Admission::Late)).collect();
    let outcomes = match admission {
        Admission::OnTime | Admission::Late if created => {
            insert(store, key, events).await.map_err(errors::after_a_write)?
        }
        Admission::OnTime | Admission::Late => insert(store, key, events).await?,
        Admission::Closed => replay(store, key, events, || StoreError::SessionClosed).await?,
    };
    // Also when all were replays: the call that stored them may not have got this far.
    if head.status == Status::Initiated && outcomes.iter().any(Result::is_ok) {
        activate(store, key, now).await?;
    }
    Ok(outcomes)
}

async fn head(store: &MongoStore, key: &SessionKey) -> Result<Option<Head>, StoreError> {
    let found = run::find_one(store.limit, &store.sessions, session_filter(key), Some(Head::projection())).await?;
    found.map(|document| Head::read(&document)).transpose()
}

fn created(written: Written<conversation_core::Session>) -> Head {
    let (Written::New(session) | Written::Replayed(session)) = written;
    Head { status: session.status, ended_at: session.ended_at }
}

async fn activate(store: &MongoStore, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
    sessions::activate(store, key, now).await.map_err(errors::after_a_write)
}

/// Inserts all events that are not there yet. Of equal identifiers among them, the server takes the first.
async fn insert(store: &MongoStore, key: &SessionKey, events: Vec<Event>) -> Result<Vec<Outcome>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let documents = events.iter().map(|event| write_event(key, event)).collect::<Result<Vec<_>, _>>()?;
    let collection = store.events.clone();
    let inserted =
        call(store.limit, async move { collection.insert_many(documents).ordered(false).await.map(drop) }).await;
    let Err(fault) = inserted else {
        return Ok(events.into_iter().map(|event| Ok(Written::New(event))).collect());
    };
    match codes(&fault) {
        Some(codes) => Ok(answer_each(store, key, events, &fault, &codes).await),
        // It failed as a whole, and so does the call: "rejected" would not be true of events that may be stored.
        None => Err(errors::write(&fault)),
    }
}

/// Gives each event of an insert that failed in parts its own answer.
async fn answer_each(
    store: &MongoStore,
    key: &SessionKey,
    events: Vec<Event>,
    fault: &Fault,
    codes: &HashMap<usize, i32>,
) -> Vec<Outcome> {
    let mut duplicates = Vec::new();
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(events.len());
    for (index, event) in events.into_iter().enumerate() {
        outcomes.push(match codes.get(&index) {
            Some(&errors::DUPLICATE_KEY) => {
                duplicates.push(event);
                None
            }
            Some(code) => Some(Err(errors::write_of_one(*code, fault))),
            None => Some(Ok(Written::New(event))),
        });
    }
    let expected = duplicates.len();
    let mut replayed = match replay(store, key, duplicates, || errors::in_doubt(Vanishing)).await {
        Ok(replayed) => replayed,
        // What was inserted stays inserted; only the duplicates are left without an answer.
        Err(error) => unanswered(error, expected),
    }
    .into_iter();
    outcomes
        .into_iter()
        .map(|outcome| outcome.or_else(|| replayed.next()).unwrap_or_else(|| Err(errors::in_doubt(Vanishing))))
        .collect()
}

fn unanswered(error: StoreError, count: usize) -> Vec<Outcome> {
    let text = error.to_string();
    let rest = (1..count).map(move |_| Err(errors::in_doubt(text.clone())));
    std::iter::once(Err(errors::in_doubt(error))).chain(rest).collect()
}

/// The codes of the events that failed by themselves, while the others reached a majority; none when the insert failed as
/// a whole.
fn codes(fault: &Fault) -> Option<HashMap<usize, i32>> {
    let Fault::Driver(error) = fault else { return None };
    let ErrorKind::InsertMany(failure) = &*error.kind else { return None };
    let each = failure.write_errors.iter().flatten().map(|error| (error.index, error.code));
    failure.write_concern_error.is_none().then(|| each.collect())
}

/// Answers each event with the stored one of the same identifier, or with `absent`.
async fn replay(
    store: &MongoStore,
    key: &SessionKey,
    events: Vec<Event>,
    absent: impl Fn() -> StoreError,
) -> Result<Vec<Outcome>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let options = FindOptions::builder().projection(Envelope::projection()).build();
    let filter = by_ids(key, events.iter());
    let envelopes = run::find(store.limit, &store.events, filter, options, read_event_without_payload).await?;
    let envelopes: HashMap<EventId, Envelope> =
        envelopes.into_iter().map(|envelope| (envelope.event_id().clone(), envelope)).collect();
    let others: Vec<&Event> = events
        .iter()
        .filter(|event| envelopes.get(&event.event_id).is_some_and(|e| e.fingerprint() != event.fingerprint))
        .collect();
    let others = if others.is_empty() { HashMap::new() } else { whole(store, by_ids(key, others)).await? };
    let answer = |event: Event| match envelopes.get(&event.event_id) {
        None => Err(absent()),
        // Equal content: what the client sent need not be fetched.
        Some(stored) if stored.fingerprint() == event.fingerprint => {
            Ok(Written::Replayed(stored.clone().with(event.payload)))
        }
        Some(_) => others.get(&event.event_id).cloned().map(Written::Replayed).ok_or_else(&absent),
    };
    Ok(events.into_iter().map(answer).collect())
}

async fn whole(store: &MongoStore, filter: Document) -> Result<HashMap<EventId, Event>, StoreError> {
    let events = run::find(store.limit, &store.events, filter, FindOptions::default(), read_event).await?;
    Ok(events.into_iter().map(|event| (event.event_id.clone(), event)).collect())
}

fn by_ids<'e>(key: &SessionKey, events: impl IntoIterator<Item = &'e Event>) -> Document {
    let ids: Vec<String> = events.into_iter().map(|event| key.event_document_id(&event.event_id)).collect();
    let mut filter = doc! { "_id": { "$in": ids } };
    filter.extend(events_filter(key));
    filter
}
