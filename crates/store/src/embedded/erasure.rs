//! Erasure: the content goes, a tombstone stays until it expires, so that a late retry cannot bring the data back.

use conversation_core::{SessionKey, StoreError, Timestamp, store::Swept};
use rusqlite::{Connection, OptionalExtension, params};

use super::errors::of_statement;

pub(super) fn erase(
    db: &Connection,
    key: &SessionKey,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let row: i64 = db
        .prepare_cached("SELECT id FROM session WHERE tenant = ? AND session_id = ?")
        .and_then(|mut statement| {
            statement.query_row([key.tenant.as_str(), key.session_id.as_str()], |row| row.get(0)).optional()
        })
        .map_err(of_statement)?
        .ok_or(StoreError::SessionNotFound)?;
    bury(db, row, now, expires_at).map_err(of_statement)
}

fn bury(db: &Connection, row: i64, now: Timestamp, expires_at: Timestamp) -> rusqlite::Result<()> {
    // An erased session keeps its first tombstone: repeating the call must not keep the identifier refused for longer.
    db.prepare_cached(
        "UPDATE session SET status = NULL, language = NULL, started_at = NULL, ended_at = NULL, end_reason = NULL, \
         metadata = NULL, created_at = NULL, updated_at = NULL, fingerprint = NULL, revision = NULL, \
         erased_at = ?, expires_at = ? WHERE id = ? AND erased_at IS NULL",
    )?
    .execute(params![now.as_millis(), expires_at.as_millis(), row])?;
    db.prepare_cached("DELETE FROM event WHERE session = ?")?.execute([row])?;
    Ok(())
}

/// Removes expired tombstones. There are no stray events here: erasure and append share one writer.
pub(super) fn sweep(db: &Connection, now: Timestamp) -> Result<Swept, StoreError> {
    db.prepare_cached("DELETE FROM session WHERE erased_at IS NOT NULL AND expires_at <= ?")
        .and_then(|mut statement| statement.execute([now.as_millis()]))
        .map(|removed| Swept { stray_events: 0, tombstones: removed as u64 })
        .map_err(of_statement)
}

/// Moves the log into the database file and cuts it to nothing: it still holds what was written before the erasure. A
/// reader that is at work can hold this up; the next sweep does it then.
pub(super) fn empty_log(db: &Connection) {
    if let Err(cause) = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%cause, "the log cannot be emptied after an erasure and will be by the next sweep");
    }
}
