//! Sessions: created, read, ended and changed.

use conversation_core::{
    NewSession, Rules, Session, SessionKey, SessionPatch, StoreError, Timestamp, session::Ending, store::Written,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{errors::of_statement, rows};

/// The row identifier that events refer to.
pub(super) type RowId = i64;

pub(super) fn create(db: &Connection, new: NewSession, now: Timestamp) -> Result<Written<Session>, StoreError> {
    match get(db, &new.key) {
        Ok((_, session)) => Ok(Written::Replayed(session)),
        Err(StoreError::SessionNotFound) => insert(db, new.into_session(now)).map(|(_, session)| Written::New(session)),
        Err(other) => Err(other),
    }
}

pub(super) fn get(db: &Connection, key: &SessionKey) -> Result<(RowId, Session), StoreError> {
    let sql = format!("SELECT {}, erased_at, id FROM session WHERE tenant = ? AND session_id = ?", rows::SESSION);
    let mut statement = db.prepare_cached(&sql).map_err(of_statement)?;
    let found = statement
        .query_row([key.tenant.as_str(), key.session_id.as_str()], |row| {
            let erased: Option<i64> = row.get("erased_at")?;
            let live = if erased.is_some() { None } else { Some((row.get("id")?, rows::session(row, &key.tenant)?)) };
            Ok(live)
        })
        .optional()
        .map_err(of_statement)?;
    found.ok_or(StoreError::SessionNotFound)?.ok_or(StoreError::SessionErased)
}

pub(super) fn insert(db: &Connection, session: Session) -> Result<(RowId, Session), StoreError> {
    let Session {
        key,
        status,
        language,
        started_at,
        ended_at,
        end_reason,
        metadata,
        created_at,
        updated_at,
        fingerprint,
        revision,
    } = &session;
    let sql = format!("INSERT INTO session (tenant, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows::SESSION);
    db.prepare_cached(&sql)
        .and_then(|mut statement| {
            statement.insert(params![
                key.tenant.as_str(),
                key.session_id.as_str(),
                status.as_str(),
                language.as_str(),
                started_at.as_millis(),
                ended_at.map(Timestamp::as_millis),
                end_reason,
                metadata.as_str(),
                created_at.as_millis(),
                updated_at.as_millis(),
                fingerprint.0,
                revision,
            ])
        })
        .map(|row| (row, session))
        .map_err(of_statement)
}

pub(super) fn end(
    db: &Connection,
    key: &SessionKey,
    ending: Ending,
    now: Timestamp,
) -> Result<Written<Session>, StoreError> {
    let (row, session) = get(db, key)?;
    let Ending { status, ended_at, reason } = ending;
    if session.status == status {
        return Ok(Written::Replayed(session));
    }
    if session.status.is_terminal() {
        return Err(StoreError::InvalidTransition { current: session.status });
    }
    let ended_at = Some(ended_at.unwrap_or(now));
    let ended = Session { status, ended_at, end_reason: reason, ..session };
    change(db, row, ended, now).map(Written::New)
}

pub(super) fn update(
    db: &Connection,
    key: &SessionKey,
    patch: &SessionPatch,
    now: Timestamp,
    rules: &Rules,
) -> Result<Session, StoreError> {
    let (row, session) = get(db, key)?;
    if session.status.is_terminal() {
        return Err(StoreError::SessionClosed);
    }
    let (language, metadata) = patch.apply(&session, rules)?;
    if language == session.language && metadata.same_content(&session.metadata) {
        return Ok(session);
    }
    change(db, row, Session { language, metadata, ..session }, now)
}

/// Writes the fields of a session that can change.
pub(super) fn change(db: &Connection, row: RowId, session: Session, now: Timestamp) -> Result<Session, StoreError> {
    let changed = Session { updated_at: now, revision: session.revision + 1, ..session };
    db.prepare_cached(
        "UPDATE session SET status = ?, language = ?, ended_at = ?, end_reason = ?, metadata = ?, updated_at = ?, \
         revision = ? WHERE id = ?",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            changed.status.as_str(),
            changed.language.as_str(),
            changed.ended_at.map(Timestamp::as_millis),
            changed.end_reason,
            changed.metadata.as_str(),
            changed.updated_at.as_millis(),
            changed.revision,
            row,
        ])
    })
    .map(|_| changed)
    .map_err(of_statement)
}
