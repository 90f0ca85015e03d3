//! Reading one session's events, in the order of (`timestamp`, `eventId`).

use conversation_core::{
    Event, EventId, Session, SessionKey, StoreError, Timestamp,
    page::{Counts, EventFilter, EventPage, EventQuery, Order, Position, Start},
};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::{
    errors::of_statement,
    rows,
    sessions::{self, RowId},
};

pub(super) fn timeline(
    db: &Connection,
    key: &SessionKey,
    query: &EventQuery,
) -> Result<(Session, EventPage), StoreError> {
    let (row, session) = sessions::get(db, key)?;
    let page = page(db, row, query).map_err(of_statement)?;
    Ok((session, page))
}

pub(super) fn event(db: &Connection, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
    let (row, _) = sessions::get(db, key)?;
    find(db, row, event_id)?.ok_or(StoreError::EventNotFound)
}

pub(super) fn find(db: &Connection, session: RowId, event_id: &EventId) -> Result<Option<Event>, StoreError> {
    let sql = format!("SELECT {} FROM event WHERE session = ? AND event_id = ?", rows::EVENT);
    db.prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row((session, event_id.as_str()), rows::event).optional())
        .map_err(of_statement)
}

fn page(db: &Connection, session: RowId, query: &EventQuery) -> rusqlite::Result<EventPage> {
    let EventQuery { filter, order, start, limit, counted } = query;
    let admitted = Condition::admitted(session, filter);
    let (selected, offset) = match start {
        Start::Offset(offset) => (admitted.clone(), *offset),
        Start::After(None) => (admitted.clone(), 0),
        Start::After(Some(position)) => (admitted.clone().behind(position, *order), 0),
    };
    let mut events = selected.fetch(db, *order, *limit, offset)?;
    let has_more = events.len() > *limit as usize;
    events.truncate(*limit as usize);
    let counts = if *counted { Some(count(db, admitted, start, *order)?) } else { None };
    Ok(EventPage { events, has_more, counts })
}

fn count(db: &Connection, admitted: Condition, start: &Start, order: Order) -> rusqlite::Result<Counts> {
    let total = admitted.count(db)?;
    let ahead = match start {
        Start::Offset(offset) => *offset,
        Start::After(None) => 0,
        Start::After(Some(position)) => total - admitted.behind(position, order).count(db)?,
    };
    Ok(Counts { total, ahead })
}

/// A condition on events, with its parameters.
#[derive(Clone)]
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn admitted(session: RowId, filter: &EventFilter) -> Self {
        let EventFilter { kinds, from, to } = filter;
        let mut condition = Self { sql: "session = ?".into(), values: vec![session.into()] };
        if let Some(from) = from {
            condition.and("timestamp >= ?", [from.as_millis().into()]);
        }
        if let Some(to) = to {
            condition.and("timestamp < ?", [to.as_millis().into()]);
        }
        if !kinds.is_empty() {
            let places = vec!["?"; kinds.len()].join(", ");
            condition.and(&format!("kind IN ({places})"), kinds.iter().map(|kind| kind.as_str().to_owned().into()));
        }
        condition
    }

    /// Only what comes after `position`; the identifier decides between equal moments.
    fn behind(mut self, position: &Position, order: Order) -> Self {
        let comparison = match order {
            Order::Ascending => "(timestamp, event_id) > (?, ?)",
            Order::Descending => "(timestamp, event_id) < (?, ?)",
        };
        let Position { moment, id } = position;
        self.and(comparison, [Timestamp::as_millis(*moment).into(), id.clone().into()]);
        self
    }

    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    /// The first `limit` events behind `offset`, and one more if there is one.
    fn fetch(self, db: &Connection, order: Order, limit: u32, offset: u64) -> rusqlite::Result<Vec<Event>> {
        let direction = order.as_str();
        let sql = format!(
            "SELECT {} FROM event WHERE {} ORDER BY timestamp {direction}, event_id {direction} LIMIT ? OFFSET ?",
            rows::EVENT,
            self.sql
        );
        let bounds = [i64::from(limit) + 1, i64::try_from(offset).unwrap_or(i64::MAX)].map(Value::from);
        let mut statement = db.prepare_cached(&sql)?;
        statement.query_map(params_from_iter(self.values.into_iter().chain(bounds)), rows::event)?.collect()
    }

    fn count(&self, db: &Connection) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM event WHERE {}", self.sql);
        let counted: i64 = db.prepare_cached(&sql)?.query_row(params_from_iter(&self.values), |row| row.get(0))?;
        Ok(counted.unsigned_abs())
    }
}
