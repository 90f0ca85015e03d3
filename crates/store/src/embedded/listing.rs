//! Listing a tenant's sessions by start.

use conversation_core::{
    Session, StoreError, TenantId,
    page::{Order, Position, SessionPage, SessionQuery},
};
use rusqlite::{Connection, params_from_iter, types::Value};

use super::{errors::of_statement, rows};

pub(super) fn sessions(db: &Connection, tenant: &TenantId, query: &SessionQuery) -> Result<SessionPage, StoreError> {
    let mut sessions = fetch(db, tenant, query).map_err(of_statement)?;
    let limit = query.limit as usize;
    let has_more = sessions.len() > limit;
    sessions.truncate(limit);
    Ok(SessionPage { sessions, has_more })
}

fn fetch(db: &Connection, tenant: &TenantId, query: &SessionQuery) -> rusqlite::Result<Vec<Session>> {
    let SessionQuery { status, language, from, to, order, after, limit } = query;
    let (behind, directions) = match order {
        Order::Descending => {
            ("(started_at < ? OR (started_at = ? AND session_id > ?))", "started_at DESC, session_id ASC")
        }
        Order::Ascending => {
            ("(started_at > ? OR (started_at = ? AND session_id < ?))", "started_at ASC, session_id DESC")
        }
    };
    let mut sql = format!("SELECT {} FROM session WHERE erased_at IS NULL AND tenant = ?", rows::SESSION);
    let mut values: Vec<Value> = vec![tenant.as_str().to_owned().into()];
    let mut and = |condition: &str, given: Vec<Value>| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend(given);
    };
    if let Some(status) = status {
        and("status = ?", vec![status.as_str().to_owned().into()]);
    }
    if let Some(language) = language {
        and("language = ?", vec![language.as_str().to_owned().into()]);
    }
    if let Some(from) = from {
        and("started_at >= ?", vec![from.as_millis().into()]);
    }
    if let Some(to) = to {
        and("started_at < ?", vec![to.as_millis().into()]);
    }
    if let Some(Position { moment, id }) = after {
        let moment = moment.as_millis();
        and(behind, vec![moment.into(), moment.into(), id.clone().into()]);
    }
    sql.push_str(&format!(" ORDER BY {directions} LIMIT ?"));
    values.push((i64::from(*limit) + 1).into());
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_map(params_from_iter(values), |row| rows::session(row, tenant))?.collect()
}
