//! Reading one session's events, in the order of (`timestamp`, `eventId`).

use bson::{Document, doc};
use conversation_core::{
    Event, EventId, EventType, Session, SessionKey, StoreError,
    page::{Counts, EventFilter, EventPage, EventQuery, Order, Position, Start},
};
use mongodb::options::FindOptions;

use super::{
    MongoStore,
    documents::{events_filter, read_event},
    keyset::Keyset,
    run, sessions,
};

pub(super) async fn timeline(
    store: &MongoStore,
    key: &SessionKey,
    query: EventQuery,
) -> Result<(Session, EventPage), StoreError> {
    // Side by side, because nearly every session that is asked for exists.
    let (session, page) = tokio::join!(sessions::get(store, key), page(store, key, query));
    Ok((session?, page?))
}

pub(super) async fn event(store: &MongoStore, key: &SessionKey, event_id: &EventId) -> Result<Event, StoreError> {
    let mut filter = doc! { "_id": key.event_document_id(event_id) };
    filter.extend(events_filter(key));
    let (session, found) =
        tokio::join!(sessions::get(store, key), run::find_one(store.limit, &store.events, filter, None));
    session?;
    found?.map_or(Err(StoreError::EventNotFound), |document| read_event(&document))
}

async fn page(store: &MongoStore, key: &SessionKey, query: EventQuery) -> Result<EventPage, StoreError> {
    let EventQuery { filter, order, start, limit, counted } = query;
    let (offset, position) = match &start {
        Start::Offset(offset) => (Some(*offset), None),
        Start::After(position) => (None, position.as_ref()),
    };
    let options = options(order, offset, limit);
    let selected = admitted(key, &filter, order, position);
    let (events, counts) = tokio::join!(run::find(store.limit, &store.events, selected, options, read_event), async {
        match counted {
            true => counts(store, key, &filter, order, &start).await.map(Some),
            false => Ok(None),
        }
    });
    let mut events = events?;
    let has_more = events.len() > limit as usize;
    events.truncate(limit as usize);
    Ok(EventPage { events, has_more, counts: counts? })
}

async fn counts(
    store: &MongoStore,
    key: &SessionKey,
    filter: &EventFilter,
    order: Order,
    start: &Start,
) -> Result<Counts, StoreError> {
    let total = count(store, admitted(key, filter, order, None));
    let position = match start {
        Start::Offset(offset) => return Ok(Counts { total: total.await?, ahead: *offset }),
        Start::After(None) => return Ok(Counts { total: total.await?, ahead: 0 }),
        Start::After(Some(position)) => position,
    };
    let behind = count(store, admitted(key, filter, order, Some(position)));
    let (total, behind) = tokio::join!(total, behind);
    let total = total?;
    Ok(Counts { total, ahead: total.saturating_sub(behind?) })
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
