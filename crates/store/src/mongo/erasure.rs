//! Erasing a session (INV-7): the tombstone first, then the events, then the answer; and sweeping up what raced with it.

use std::time::Instant;

use bson::doc;
use conversation_core::{SessionKey, StoreError, Timestamp, rules::WRITES_SETTLE_WITHIN, store::Swept};
use mongodb::options::FindOptions;

use super::{
    MongoStore,
    documents::{date, events_filter, read_key, session_filter, write_tombstone},
    errors,
    heads::Known,
    run, sessions,
};

/// Tombstones in one sweep, which bounds how long it runs; the next sweep takes the rest.
const SWEEP_BATCH: i64 = 100;

pub(super) async fn erase(store: &MongoStore, key: &SessionKey, now: Timestamp) -> Result<(), StoreError> {
    let expires_at = now.plus(store.rules.erasure_tombstone_ttl);
    let tombstone = write_tombstone(key, now, expires_at, now.plus(WRITES_SETTLE_WITHIN));
    // A tombstone that is there stays: repeating the call must not keep the identifier refused for longer.
    let mut filter = session_filter(key);
    filter.insert("erasedAt", doc! { "$exists": false });
    let sessions = store.sessions.clone();
    let replaced = run::write(store.limit, async move { sessions.replace_one(filter, tombstone).await }).await?;
    if replaced.matched_count == 0 && !is_erased(store, key).await? {
        return Err(StoreError::SessionNotFound);
    }
    store.heads.put(key, Known::Erased, Instant::now());
    delete_events(store, key).await.map(drop).map_err(errors::after_a_write)
}

async fn is_erased(store: &MongoStore, key: &SessionKey) -> Result<bool, StoreError> {
    match sessions::get(store, key).await {
        Err(StoreError::SessionErased) => Ok(true),
        // One that is there now was created in between: it is another session than the one asked about.
        Ok(_) | Err(StoreError::SessionNotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn delete_events(store: &MongoStore, key: &SessionKey) -> Result<u64, StoreError> {
    let (events, filter) = (store.events.clone(), events_filter(key));
    let deleted = run::write(store.limit, async move { events.delete_many(filter).await }).await?;
    Ok(deleted.deleted_count)
}

pub(super) async fn sweep(store: &MongoStore, now: Timestamp) -> Result<Swept, StoreError> {
    let due = doc! { "sweepAfter": { "$lte": date(now) } };
    let options = FindOptions::builder().limit(SWEEP_BATCH).projection(doc! { "tenantId": 1, "sessionId": 1 }).build();
    let mut stray_events = 0;
    for key in run::find(store.limit, &store.sessions, due, options, read_key).await? {
        stray_events += delete_events(store, &key).await?;
        let (sessions, mut filter) = (store.sessions.clone(), session_filter(&key));
        filter.insert("sweepAfter", doc! { "$lte": date(now) });
        let swept = doc! { "$unset": { "sweepAfter": "" } };
        run::write(store.limit, async move { sessions.update_one(filter, swept).await }).await?;
    }
    Ok(Swept { stray_events, tombstones: delete_expired(store, now).await? })
}

/// The index on `expiresAt` makes the server do this too, by its own clock and within a minute; doing it here as well
/// makes a sweep mean the same in every store. Here a tombstone
/// whose strays are not swept yet stays; the server looks at `expiresAt` alone, so a tombstone must outlive its sweep.
async fn delete_expired(store: &MongoStore, now: Timestamp) -> Result<u64, StoreError> {
    let expired = doc! { "expiresAt": { "$lte": date(now) }, "sweepAfter": { "$exists": false } };
    let sessions = store.sessions.clone();
    let deleted = run::write(store.limit, async move { sessions.delete_many(expired).await }).await?;
    Ok(deleted.deleted_count)
}
