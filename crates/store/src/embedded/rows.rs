//! Rows to domain types. A value that the domain does not know is an error: this service did not write it.

use conversation_core::{
    Event, EventId, EventType, JsonObject, Language, Session, SessionId, SessionKey, Status, TenantId, Timestamp,
    event::Fingerprint,
};
use rusqlite::{Row, types::Type};

/// The columns of a session, in the order that [`session`] reads them.
pub(super) const SESSION: &str = "session_id, status, language, started_at, ended_at, end_reason, metadata, created_at, \
     updated_at, fingerprint, revision";
/// The columns of an event, in the order that [`event`] reads them.
pub(super) const EVENT: &str = "event_id, kind, payload, timestamp, received_at, late, fingerprint";

/// Reads a session of `tenant` from [`SESSION`].
pub(super) fn session(row: &Row<'_>, tenant: &TenantId) -> rusqlite::Result<Session> {
    Ok(Session {
        key: SessionKey { tenant: tenant.clone(), session_id: parsed(row, 0, |text| SessionId::parse(text).ok())? },
        status: parsed(row, 1, Status::from_name)?,
        language: parsed(row, 2, |text| Language::parse(text).ok())?,
        started_at: moment(row, 3)?,
        ended_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        end_reason: row.get(5)?,
        metadata: JsonObject::from_stored(row.get(6)?),
        created_at: moment(row, 7)?,
        updated_at: moment(row, 8)?,
        fingerprint: Fingerprint(row.get(9)?),
        revision: row.get(10)?,
    })
}

/// Reads an event from [`EVENT`].
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        event_id: parsed(row, 0, |text| EventId::parse(text).ok())?,
        kind: parsed(row, 1, EventType::from_name)?,
        payload: JsonObject::from_stored(row.get(2)?),
        timestamp: moment(row, 3)?,
        received_at: moment(row, 4)?,
        late: row.get(5)?,
        fingerprint: Fingerprint(row.get(6)?),
    })
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn parsed<T>(row: &Row<'_>, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    parse(text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("unknown value {text:?}").into())
    })
}
