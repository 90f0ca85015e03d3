//! Reading one session's events, in the order of (`timestamp`, `eventId`).

use std::sync::PoisonError;

use bson::{Document, doc};
use conversation_core::{
    Clock as _, Event, EventId, EventType, Session, SessionKey, StoreError, SystemClock,
    page::{Counts, EventFilter, EventPage, EventQuery, Order, Position, Start},
};
use mongodb::options::FindOptions;

use super::{
    MongoStore,
    documents::{events_filter, read_event},
    errors,
    keyset::Keyset,
    run, schema, sessions,
};

/// The character behind the one that ends a session's part of its events' `_id`.
const AFTER_SLASH: &str = "0";

pub(super) async fn timeline(
    store: &MongoStore,
    key: &SessionKey,
    query: EventQuery,
) -> Result<(Session, EventPage), StoreError> {
    // Side by side, because nearly every session that is asked for exists.
    let (session, page) = tokio::join!(sessions::get(store, key), page(store, key, &query));
    let (session, page) = (session?, page?);
    if !query.counted {
        return Ok((session, page));
    }
    let counts = match counted_by(&query, &page) {
        Some(counts) => counts,
        None => counts(store, &session, &query).await?,
    };
    Ok((session, EventPage { counts: Some(counts), ..page }))
}

pub(super) async fn event(store: &MongoStore, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
    let mut filter = doc! { "_id": key.event_document_id(event_id) };
    filter.extend(events_filter(key));
    let (session, found) = tokio::join!(sessions::get(store, key), run::find_one(store.limit, &store.events, filter));
    session?;
    found?.map_or(Err(StoreError::EventNotFound), |document| read_event(&document))
}

async fn page(store: &MongoStore, key: &SessionKey, query: &EventQuery) -> Result<EventPage, StoreError> {
    let EventQuery { filter, order, start, limit, counted: _ } = query;
    let (offset, position) = match start {
        Start::Offset(offset) => (Some(*offset), None),
        Start::After(position) => (None, position.as_ref()),
    };
    let options = options(*order, offset, *limit);
    let selected = admitted(key, filter, *order, position);
    let mut events = run::find(store.limit, &store.events, selected, options, read_event).await?;
    let has_more = events.len() > *limit as usize;
    events.truncate(*limit as usize);
    Ok(EventPage { events, has_more, counts: None })
}

/// The counts, where the page tells them: it is the last one, and it is known how many events lie ahead of it. Counting
/// costs the database as much as the page.
fn counted_by(query: &EventQuery, page: &EventPage) -> Option<Counts> {
    let ahead = match query.start {
        Start::Offset(offset) if offset == 0 || !page.events.is_empty() => offset,
        Start::After(None) => 0,
        Start::Offset(_) | Start::After(Some(_)) => return None,
    };
    (!page.has_more).then_some(Counts { total: ahead + page.events.len() as u64, ahead })
}

async fn counts(store: &MongoStore, session: &Session, query: &EventQuery) -> Result<Counts, StoreError> {
    let EventQuery { filter, order, start, .. } = query;
    let total = total(store, session, filter);
    let position = match start {
        Start::Offset(offset) => return Ok(Counts { total: total.await?, ahead: *offset }),
        Start::After(None) => return Ok(Counts { total: total.await?, ahead: 0 }),
        Start::After(Some(position)) => position,
    };
    let behind = count(store, admitted(&session.key, filter, *order, Some(position)));
    let (total, behind) = tokio::join!(total, behind);
    let total = total?;
    Ok(Counts { total, ahead: total.saturating_sub(behind?) })
}

/// How many events the filter admits. That of a whole session is counted by the cheapest index, and not again once it is
/// final.
async fn total(store: &MongoStore, session: &Session, filter: &EventFilter) -> Result<u64, StoreError> {
    let key = &session.key;
    if *filter != EventFilter::default() {
        return count(store, admitted(key, filter, Order::Ascending, None)).await;
    }
    let counted = (key.clone(), session.created_at);
    let totals = || store.totals.lock().unwrap_or_else(PoisonError::into_inner);
    let is_final = session.final_from(&store.rules).is_some_and(|moment| moment < SystemClock.now());
    let remembered = if is_final { totals().get(&counted).copied() } else { None };
    if let Some(total) = remembered {
        return Ok(total);
    }
    let total = if store.sharded { count(store, events_filter(key)).await? } else { keys(store, key).await? };
    if is_final {
        totals().put(counted, total);
    }
    Ok(total)
}

/// How many keys the index on `_id` has for a session: its events lie side by side there, and no document is read. Only
/// where nothing is sharded, because a shard's index has keys of events that were moved away, too.
async fn keys(store: &MongoStore, key: &SessionKey) -> Result<u64, StoreError> {
    let session = key.document_id();
    let (below, above) = ([session.as_str(), "/"].concat(), [session.as_str(), AFTER_SLASH].concat());
    let command = doc! {
        "count": schema::EVENTS,
        "query": { "_id": { "$gt": below, "$lt": above } },
        "hint": { "_id": 1 },
        "readConcern": { "level": "majority" },
        "maxTimeMS": i64::try_from(store.limit.as_millis()).unwrap_or(i64::MAX),
    };
    let database = store.database.clone();
    let reply = run::read(store.limit, async move { database.run_command(command).await }).await?;
    let count = reply.get_i32("n").map(i64::from).or_else(|_| reply.get_i64("n")).map_err(errors::corrupt)?;
    u64::try_from(count).map_err(errors::corrupt)
}

async fn count(store: &MongoStore, filter: Document) -> Result<u64, StoreError> {
    let (events, limit) = (store.events.clone(), store.limit);
    run::read(limit, async move { events.count_documents(filter).max_time(limit).await }).await
}

const fn keyset(order: Order) -> Keyset {
    Keyset { moment: "timestamp", id: "eventId", moments: order, ids: order }
}

/// The filter for the events that are asked for. The index on the timeline serves it together with the sort, so that
/// the server reads about as many events as it answers; a test holds it to that.
fn admitted(key: &SessionKey, filter: &EventFilter, order: Order, position: Option<&Position>) -> Document {
    let EventFilter { kinds, from, to } = filter;
    let mut document = events_filter(key);
    keyset(order).after(&mut document, *from, *to, position);
    if !kinds.is_empty() {
        let kinds: Vec<&str> = kinds.iter().copied().map(EventType::as_str).collect();
        document.insert("type", doc! { "$in": kinds });
    }
    document
}

/// One event more than the page holds tells whether others follow.
fn options(order: Order, offset: Option<u64>, limit: u32) -> FindOptions {
    FindOptions::builder()
        .sort(keyset(order).sort())
        .skip(offset)
        .limit(i64::from(limit) + 1)
        // One above the limit, because a server leaves the cursor of a batch that is just full open for another call.
        .batch_size(limit.saturating_add(2))
        .build()
}
