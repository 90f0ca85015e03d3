//! One session: creating, reading, changing and ending it; it ends once (INV-3).

mod change;
mod creation;
mod lookup;

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Instant,
};

use bson::doc;
use conversation_core::{
    NewSession, Session, SessionKey, SessionPatch, Status, StoreError, Timestamp, session::Ending, store::Written,
};
use thiserror::Error;

pub(super) use change::{Change, Changes};
pub(super) use creation::Creation;
pub(super) use lookup::Lookup;

use super::{
    MongoStore,
    documents::{Head, date, read_session, session_filter, text_or_null, write_session},
    errors,
    heads::Known,
    insert::Fate,
    run,
};

/// A document in the way that is gone when it is looked for has just expired; that it happens this often is not to be.
const CREATE_ATTEMPTS: usize = 5;

/// Of the changes that race for a session one gets through in each round, so this many can be made at once.
const CHANGE_ATTEMPTS: usize = 256;

/// The document in the way could not be found, often enough to give up.
#[derive(Debug, Error)]
#[error("an insert met a document that could not be read back")]
struct Vanishing;

pub(super) async fn create(
    store: &MongoStore,
    new: NewSession,
    now: Timestamp,
) -> Result<Written<Session>, StoreError> {
    let session = new.into_session(now);
    let document = write_session(&session)?;
    for _ in 0..CREATE_ATTEMPTS {
        match store.creation.run(document.clone()).await? {
            Fate::Stored => {
                store.heads.put(&session.key, Known::There(Head::of(&session)), Instant::now());
                return Ok(Written::New(session));
            }
            Fate::Failed(error) => return Err(error),
            // The server answers a duplicate once the other document is on a majority, so a majority read finds it.
            Fate::Duplicate => match get(store, &session.key).await {
                Err(StoreError::SessionNotFound) => {}
                found => return found.map(Written::Replayed),
            },
        }
    }
    Err(errors::in_doubt(Vanishing))
}

/// The session, and what an append must know of it is remembered.
pub(super) async fn get(store: &MongoStore, key: &SessionKey) -> Result<Session, StoreError> {
    let as_of = Instant::now();
    let document = store.lookup.run(key.clone()).await?.ok_or(StoreError::SessionNotFound)?;
    let session = read_session(&document);
    store.remember(key, &session, as_of);
    session
}

/// What an append must know of the session; it may be a few seconds old.
pub(super) async fn head(store: &MongoStore, key: &SessionKey) -> Result<Head, StoreError> {
    match store.heads.get(key) {
        Some(Known::There(head)) => Ok(head),
        Some(Known::Erased) => Err(StoreError::SessionErased),
        None => get(store, key).await.map(|session| Head::of(&session)),
    }
}

pub(super) async fn end(
    store: &MongoStore,
    key: &SessionKey,
    ending: Ending,
    now: Timestamp,
) -> Result<Written<Session>, StoreError> {
    // Read first: of the calls that repeat an ending, each then costs one read and no write.
    let stored = get(store, key).await?;
    if stored.status.is_terminal() {
        return replay(stored, ending.status);
    }
    let Ending { status, ended_at, reason } = &ending;
    let mut filter = session_filter(key);
    filter.insert("status", doc! { "$in": [Status::Initiated.as_str(), Status::Active.as_str()] });
    // A mark of this call, by which it knows whether the end is its own. Nothing changes a session after its end.
    let mark = mark();
    let update = doc! { "$set": {
        "status": status.as_str(),
        "endedAt": date(ended_at.unwrap_or(now)),
        "endReason": text_or_null(reason.as_deref()),
        "updatedAt": date(now),
        "revision": mark,
    } };
    store.changes.run(Change { filter, update }).await?;
    let session = get(store, key).await.map_err(errors::after_a_write)?;
    if session.revision == mark { Ok(Written::New(session)) } else { replay(session, ending.status) }
}

/// A number that no other call chooses, and that is larger than any count of changes.
fn mark() -> i64 {
    const ABOVE_ANY_COUNT: i64 = 1 << 62;
    let random = RandomState::new().hash_one(Instant::now());
    i64::try_from(random >> 2).unwrap_or_default() | ABOVE_ANY_COUNT
}

fn replay(stored: Session, asked: Status) -> Result<Written<Session>, StoreError> {
    if stored.status == asked {
        return Ok(Written::Replayed(stored));
    }
    Err(StoreError::InvalidTransition { current: stored.status })
}

pub(super) async fn update(
    store: &MongoStore,
    key: &SessionKey,
    patch: SessionPatch,
    now: Timestamp,
) -> Result<Session, StoreError> {
    for _ in 0..CHANGE_ATTEMPTS {
        let stored = get(store, key).await?;
        if stored.status.is_terminal() {
            return Err(StoreError::SessionClosed);
        }
        let (language, metadata) = patch.apply(&stored, &store.rules)?;
        if language == stored.language && metadata.same_content(&stored.metadata) {
            return Ok(stored);
        }
        let revision = stored.revision;
        let changed = Session { language, metadata, updated_at: now, revision: revision + 1, ..stored };
        if replace(store, &changed, revision).await? {
            return Ok(changed);
        }
    }
    Err(StoreError::Overloaded)
}

/// Stores the session if nobody changed it since `revision`. The whole document is replaced: then its keys are data to any
/// server, also those that an update would have to tell from operators and paths.
async fn replace(store: &MongoStore, session: &Session, revision: i64) -> Result<bool, StoreError> {
    let mut filter = session_filter(&session.key);
    filter.insert("revision", revision);
    let document = write_session(session)?;
    let sessions = store.sessions.clone();
    let replaced = run::write(store.limit, async move { sessions.replace_one(filter, document).await }).await?;
    Ok(replaced.matched_count == 1)
}

/// Makes an initiated session active; leaves any other as it is.
pub(super) async fn activate(store: &MongoStore, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
    let mut filter = session_filter(key);
    filter.insert("status", Status::Initiated.as_str());
    let update = doc! {
        "$set": { "status": Status::Active.as_str(), "updatedAt": date(now) },
        "$inc": { "revision": 1_i64 },
    };
    store.changes.run(Change { filter, update }).await?;
    store.heads.activated(key);
    Ok(())
}
