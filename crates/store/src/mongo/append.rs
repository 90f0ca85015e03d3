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

use super::{MongoStore, documents::Head, errors, sessions};
use insertion::Events;
use replay::{Asked, replay};

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
    let events: Vec<Event> =
        events.into_iter().map(|event| event.into_event(now, admission == Admission::Late)).collect();
    let outcomes = match admission {
        Admission::OnTime | Admission::Late if created => {
            insert(store, key, events).await.map_err(errors::after_a_write)?
        }
        Admission::OnTime | Admission::Late => insert(store, key, events).await?,
        Admission::Closed => {
            let asked = events.into_iter().map(|event| Asked::new(key, event)).collect();
            replay(store.limit, &store.events, asked, || StoreError::SessionClosed).await?
        }
    };
    // Also when all were replays: the call that stored them may not have got this far.
    if head.status == Status::Initiated && outcomes.iter().any(Result::is_ok) {
        sessions::activate(store, key, now).await.map_err(errors::after_a_write)?;
    }
    Ok(outcomes)
}

async fn insert(store: &MongoStore, key: &SessionKey, events: Vec<Event>) -> Result<Vec<Outcome>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    store.insertion.run(Events::new(key, events)?).await
}
