//! Appends, each stored once by a unique index (INV-2): duplicate first, then the session's status, then the insert, so that a retry is always answered.

use conversation_core::{
    Event, NewEvent, NewSession, Rules, Session, SessionKey, Status, StoreError, Timestamp,
    session::Admission,
    store::{AppendOptions, Written},
};
use rusqlite::{Connection, params};

use super::{
    errors::of_statement,
    sessions::{self, RowId},
    timeline,
};

pub(super) fn append(
    db: &Connection,
    key: &SessionKey,
    events: Vec<NewEvent>,
    options: AppendOptions,
    rules: &Rules,
) -> Result<Vec<Result<Written<Event>, StoreError>>, StoreError> {
    let AppendOptions { now, create_session } = options;
    let (row, session) = match (sessions::get(db, key), create_session) {
        (Err(StoreError::SessionNotFound), Some(language)) => {
            sessions::insert(db, NewSession::opened(key.clone(), language).into_session(now))?
        }
        (found, _) => found?,
    };
    let admission = session.admission(now, rules);
    let outcomes: Vec<_> = events.into_iter().map(|event| append_one(db, row, event, admission, now)).collect();
    // A refusal concerns one event alone; a fault ends the whole batch, which is then rolled back.
    if outcomes.iter().any(|outcome| matches!(outcome, Err(fault) if !matches!(fault, StoreError::SessionClosed))) {
        return Err(outcomes.into_iter().find_map(Result::err).unwrap_or(StoreError::SessionClosed));
    }
    if outcomes.iter().any(Result::is_ok) {
        activate(db, row, session, now)?;
    }
    Ok(outcomes)
}

fn append_one(
    db: &Connection,
    session: RowId,
    event: NewEvent,
    admission: Admission,
    now: Timestamp,
) -> Result<Written<Event>, StoreError> {
    match timeline::find(db, session, &event.event_id)? {
        Some(stored) => Ok(Written::Replayed(stored)),
        None if admission == Admission::Closed => Err(StoreError::SessionClosed),
        None => insert(db, session, event.into_event(now, admission == Admission::Late)).map(Written::New),
    }
}

fn insert(db: &Connection, session: RowId, event: Event) -> Result<Event, StoreError> {
    let Event { event_id, kind, payload, timestamp, received_at, late, fingerprint } = &event;
    db.prepare_cached(
        "INSERT INTO event (session, event_id, kind, payload, timestamp, received_at, late, fingerprint) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            session,
            event_id.as_str(),
            kind.as_str(),
            payload.as_str(),
            timestamp.as_millis(),
            received_at.as_millis(),
            late,
            fingerprint.0,
        ])
    })
    .map_err(of_statement)?;
    Ok(event)
}

/// The first event moves a session on.
fn activate(db: &Connection, row: RowId, session: Session, now: Timestamp) -> Result<(), StoreError> {
    if session.status == Status::Initiated {
        sessions::change(db, row, Session { status: Status::Active, ..session }, now)?;
    }
    Ok(())
}
