//! Appending events, each stored once by its `_id` (INV-2). The effect is in the order duplicate, session status, insert:
//! an event that is there already is answered with the stored one, however the session fares.

mod insertion;
mod replay;

use conversation_core::{
    Event, NewEvent, NewSession, SessionKey, Status, StoreError,
    session::Admission,
    store::{AppendOptions, Written},
};

pub(super) use insertion::Insertion;
pub(super) use replay::Recall;

use super::{MongoStore, documents::Head, errors, sessions};
use insertion::Events;
use replay::Asked;

/// What became of one event.
pub(super) type Outcome = Result<Written<Event>, StoreError>;

pub(super) async fn append(
    store: &MongoStore,
    key: &SessionKey,
    events: Vec<NewEvent>,
    options: AppendOptions,
) -> Result<Vec<Outcome>, StoreError> {
    let AppendOptions { now, create_session } = options;
    let (head, created) = match (sessions::head(store, key).await, create_session) {
        (Err(StoreError::SessionNotFound), Some(language)) => {
            let opened = sessions::create(store, NewSession::opened(key.clone(), language), now).await?;
            let (Written::New(session) | Written::Replayed(session)) = opened;
            (Head::of(&session), true)
        }
        (head, _) => (head?, false),
    };
    let admission = Admission::of(head.ended_at, now, &store.rules);
    let asked = events.into_iter().map(|event| Asked::new(key, event.into_event(now, admission == Admission::Late)));
    let asked: Vec<Asked> = asked.collect();
    let ids: Vec<u64> = asked.iter().map(|asked| store.lately.digest(asked.id())).collect();
    let outcomes = match admission {
        Admission::OnTime | Admission::Late if created => {
            insert(store, key, asked, &ids).await.map_err(errors::after_a_write)?
        }
        Admission::OnTime | Admission::Late => insert(store, key, asked, &ids).await?,
        Admission::Closed => {
            let found = store.recall.run(asked).await?.into_iter();
            found.map(|found| found.map(Written::Replayed).map_err(|_| StoreError::SessionClosed)).collect()
        }
    };
    store.lately.stored(ids.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(id, _)| *id));
    // Also when all were replays: the call that stored them may not have got this far.
    if head.status == Status::Initiated && outcomes.iter().any(Result::is_ok) {
        sessions::activate(store, key, now).await.map_err(errors::after_a_write)?;
    }
    Ok(outcomes)
}

/// Inserts the events that are not there yet. Where one was stored lately the call is a retry, and is looked for first: an
/// insert that meets its duplicate costs the server more than a search.
async fn insert(
    store: &MongoStore,
    key: &SessionKey,
    asked: Vec<Asked>,
    ids: &[u64],
) -> Result<Vec<Outcome>, StoreError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    if !store.lately.has_any(ids) {
        let events = asked.into_iter().map(Asked::into_event).collect();
        return store.insertion.run(Events::new(key, events)?).await;
    }
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(asked.len());
    let mut absent = Vec::new();
    for found in store.recall.run(asked).await? {
        outcomes.push(match found {
            Ok(stored) => Some(Ok(Written::Replayed(stored))),
            Err(event) => {
                absent.push(event);
                None
            }
        });
    }
    let inserted = if absent.is_empty() { Vec::new() } else { store.insertion.run(Events::new(key, absent)?).await? };
    let mut inserted = inserted.into_iter();
    Ok(outcomes.into_iter().filter_map(|outcome| outcome.or_else(|| inserted.next())).collect())
}
