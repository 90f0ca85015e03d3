//! One session: creating, reading, changing and ending it; it ends once (INV-3).

mod activation;
mod creation;
mod lookup;

use std::time::Instant;

use bson::{RawDocumentBuf, doc};
use conversation_core::{
    NewSession, Session, SessionKey, SessionPatch, Status, StoreError, Timestamp, session::Ending, store::Written,
};
use mongodb::options::ReturnDocument;
use thiserror::Error;

pub(super) use activation::Activation;
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
    match end_if_open(store, key, &ending, now).await? {
        Some(document) => {
            let session = read_session(&document);
            store.remember(key, &session, Instant::now());
            session.map(Written::New)
        }
        None => replay(get(store, key).await?, ending.status),
    }
}

fn replay(stored: Session, asked: Status) -> Result<Written<Session>, StoreError> {
    if stored.status == asked {
        return Ok(Written::Replayed(stored));
    }
    Err(StoreError::InvalidTransition { current: stored.status })
}

async fn end_if_open(
    store: &MongoStore,
    key: &SessionKey,
    ending: &Ending,
    now: Timestamp,
) -> Result<Option<RawDocumentBuf>, StoreError> {
    let Ending { status, ended_at, reason } = ending;
    let mut filter = session_filter(key);
    filter.insert("status", doc! { "$in": [Status::Initiated.as_str(), Status::Active.as_str()] });
    let change = doc! {
        "$set": {
            "status": status.as_str(),
            "endedAt": date(ended_at.unwrap_or(now)),
            "endReason": text_or_null(reason.as_deref()),
            "updatedAt": date(now),
        },
        "$inc": { "revision": 1_i64 },
    };
    let (sessions, limit) = (store.sessions.clone(), store.limit);
    run::write(limit, async move {
        sessions.find_one_and_update(filter, change).return_document(ReturnDocument::After).max_time(limit).await
    })
    .await
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
    store.activation.run((key.clone(), now)).await?;
    store.heads.activated(key);
    Ok(())
}
