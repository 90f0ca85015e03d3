//! What an append that races an erasure leaves behind, and how it goes (INV-7).

use std::time::Duration;

use bson::{Document, doc};
use conversation_core::{
    Clock as _, Rules, Store as _, StoreError, SystemClock,
    store::{Swept, Written},
};

use crate::support::*;

#[tokio::test]
async fn a_stray_event_is_swept_and_an_expired_tombstone_frees_its_identifier() {
    // The server removes expired tombstones by its own clock, so this test goes by that one too.
    let now = SystemClock.now();
    let fixture = fixture().await;
    for session in ["s", "t"] {
        fixture.opened(session).await;
        fixture.append_one(session, event("e", "{}", None)).await.expect("appended");
    }
    fixture.store.erase(&key("s"), now).await.expect("erased");
    assert_eq!(fixture.stored("events").await, 1);
    let stray = doc! { "_id": "t/s/stray", "sessionId": "s", "tenantId": "t" };
    fixture.database.collection::<Document>("events").insert_one(stray).await.expect("a stray");

    let soon = now.plus(Duration::from_secs(59));
    assert_eq!(fixture.store.sweep(soon).await.expect("swept"), Swept::default(), "others may still arrive");
    let later = now.plus(Duration::from_secs(61));
    assert_eq!(fixture.store.sweep(later).await.expect("swept"), Swept { stray_events: 1, tombstones: 0 });
    assert_eq!(fixture.store.sweep(later).await.expect("swept"), Swept::default());
    assert_eq!(fixture.stored("events").await, 1, "the other session's");
    assert!(matches!(fixture.store.session(&key("s")).await, Err(StoreError::SessionErased)));

    let expired = now.plus(Rules::default().erasure_tombstone_ttl);
    assert_eq!(fixture.store.sweep(expired).await.expect("swept"), Swept { stray_events: 0, tombstones: 1 });
    let again = fixture.store.create_session(new_session("s"), now).await;
    assert!(matches!(again, Ok(Written::New(_))), "{again:?}");
}

#[tokio::test]
async fn a_tombstone_keeps_nothing_of_the_session() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_one("s", event("e", "{}", None)).await.expect("appended");
    fixture.store.erase(&key("s"), SystemClock.now()).await.expect("erased");
    let sessions = fixture.database.collection::<Document>("sessions");
    let tombstone = sessions.find_one(doc! {}).await.expect("found").expect("a tombstone");
    let names: Vec<&String> = tombstone.keys().collect();
    assert_eq!(names, ["_id", "tenantId", "sessionId", "erasedAt", "expiresAt", "sweepAfter"]);
}
