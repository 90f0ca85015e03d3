//! Paging: from the query's parameters to what the store is asked, and from what it found to the `pagination` of an answer.

use conversation_core::{
    EventType, SessionKey, Status,
    cursor::{InvalidCursor, Listing},
    page::{EventFilter, EventPage, EventQuery, Order, Position, SessionPage, SessionQuery, Start},
};

use super::{
    faults::Faults,
    problem::Problem,
    request::Call,
    views::{CursorPagination, Pagination},
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;
/// Skipping costs the store as much as reading: further in, a cursor is the way.
const MAX_OFFSET: u64 = 10_000;

/// A request for a page of events.
#[derive(Debug)]
pub struct EventPageRequest {
    /// What to ask the store.
    pub query: EventQuery,
    listing: Listing,
}

impl EventPageRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(call: &Call, key: &SessionKey) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let limit = call.number("limit", 1..=MAX_LIMIT, &mut faults).unwrap_or(DEFAULT_LIMIT);
        let order = order(call, &mut faults).unwrap_or(Order::Ascending);
        let kinds = call.parameters("type").filter_map(|text| faults.take("type", event_type(text))).collect();
        let (from, to) = range(call, &mut faults);
        let filter = EventFilter { kinds, from, to };
        let listing = Listing::events(key, order, &filter);
        let start = start(call, limit, &listing, &mut faults)?;
        let include = faults.optional("include", call.parameter("include"), |text| {
            if text == "total" { Ok(()) } else { Err("must be total") }
        });
        let counted = include.is_some() || matches!(start, Start::Offset(_));
        faults.finish(Some(Self { query: EventQuery { filter, order, start, limit, counted }, listing }))
    }

    /// The `pagination` of the page that was found.
    #[must_use]
    pub fn pagination(&self, page: &EventPage) -> Pagination {
        let last = page.events.last().filter(|_| page.has_more);
        let next = last.map(|event| Position { moment: event.timestamp, id: event.event_id.to_string() });
        let limit = u64::from(self.query.limit);
        let counts = page.counts.as_ref();
        Pagination {
            total: counts.map(|counts| counts.total),
            limit: self.query.limit,
            offset: counts.map(|counts| counts.ahead),
            page: counts.map(|counts| counts.ahead / limit + 1),
            total_pages: counts.map(|counts| counts.total.div_ceil(limit)),
            has_more: page.has_more,
            next_cursor: next.map(|position| self.listing.cursor(&position)),
        }
    }
}

/// Reads the parameters of a listing of sessions.
///
/// # Errors
/// What is wrong with them.
pub fn session_query(call: &Call) -> Result<SessionQuery, Problem> {
    let mut faults = Faults::default();
    let (from, to) = range(call, &mut faults);
    let mut query = SessionQuery {
        status: faults.optional("status", call.parameter("status"), |text| {
            Status::from_name(text).ok_or("must be initiated, active, completed or failed")
        }),
        language: faults.optional("language", call.parameter("language"), conversation_core::Language::parse),
        from,
        to,
        order: order(call, &mut faults).unwrap_or(Order::Descending),
        after: None,
        limit: call.number("limit", 1..=MAX_LIMIT, &mut faults).unwrap_or(DEFAULT_LIMIT),
    };
    query.after = position(call, &Listing::sessions(call.tenant(), &query))?;
    faults.finish(Some(query))
}

/// The `pagination` of a page of sessions.
#[must_use]
pub fn session_pagination(call: &Call, query: &SessionQuery, page: &SessionPage) -> CursorPagination {
    let last = page.sessions.last().filter(|_| page.has_more);
    let next = last.map(|session| Position { moment: session.started_at, id: session.key.session_id.to_string() });
    CursorPagination {
        limit: query.limit,
        has_more: page.has_more,
        next_cursor: next.map(|position| Listing::sessions(call.tenant(), query).cursor(&position)),
    }
}

/// Where the page begins: by `offset`, by `page` or by `cursor`, never mixed.
fn start(call: &Call, limit: u32, listing: &Listing, faults: &mut Faults) -> Result<Start, Problem> {
    let ways: Vec<&str> =
        ["offset", "page", "cursor"].into_iter().filter(|way| call.parameter(way).is_some()).collect();
    if let [first, second, ..] = ways[..] {
        faults.note(second, format!("cannot be combined with {first}: use one way to page"));
    }
    let offset = call.number("offset", 0..=MAX_OFFSET, faults);
    let page = call.number("page", 1..=MAX_OFFSET + 1, faults);
    let skipped = page.map(|page| (page - 1) * u64::from(limit));
    if skipped.is_some_and(|skipped| skipped > MAX_OFFSET) {
        faults.note("page", format!("begins behind more than {MAX_OFFSET} events: walk with cursor instead"));
    }
    Ok(match call.parameter("cursor") {
        Some(_) => Start::After(position(call, listing)?),
        None => Start::Offset(offset.or(skipped).unwrap_or(0)),
    })
}

fn position(call: &Call, listing: &Listing) -> Result<Option<Position>, InvalidCursor> {
    call.parameter("cursor").filter(|cursor| !cursor.is_empty()).map(|cursor| listing.position(cursor)).transpose()
}

fn order(call: &Call, faults: &mut Faults) -> Option<Order> {
    faults.optional("order", call.parameter("order"), |text| match text {
        "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        _ => Err("must be asc or desc"),
    })
}

fn range(
    call: &Call,
    faults: &mut Faults,
) -> (Option<conversation_core::Timestamp>, Option<conversation_core::Timestamp>) {
    let mut moment = |name| faults.optional(name, call.parameter(name), conversation_core::Timestamp::parse);
    let (from, to) = (moment("from"), moment("to"));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        faults.note("from", "is after to: no moment lies between them");
    }
    (from, to)
}

/// Reads an event type.
///
/// # Errors
/// A message that names the types there are.
pub(super) fn event_type(text: &str) -> Result<EventType, &'static str> {
    EventType::from_name(text).ok_or("must be user_speech, bot_speech or system")
}
