//! Erasing sessions: INV-7, nobody sees them again.

use conversation_core::{EventId, SessionPatch, Status, StoreError, store::AppendOptions};

use super::support::*;

#[tokio::test]
async fn an_erased_session_is_refused_to_every_verb() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", vec![new_event("e")]).await;
    fixture.store.erase(&key("s"), NOW).await.expect("erased");
    let (store, key) = (&fixture.store, key("s"));
    let creating = AppendOptions { now: NOW, create_session: Some(language("en")) };
    let patch = SessionPatch { language: Some(language("fr")), metadata: None };
    let errors = [
        store.create_session(new_session("s"), NOW).await.err(),
        store.append(&key, vec![new_event("e")], options(NOW)).await.err(),
        store.append(&key, vec![new_event("e")], creating).await.err(),
        store.session(&key).await.err(),
        store.timeline(&key, everything()).await.err(),
        store.event(&key, &EventId::parse("e").expect("an id")).await.err(),
        fixture.end("s", Status::Completed, NOW).await.err(),
        store.update_session(&key, patch, NOW).await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(StoreError::SessionErased)), "{error:?}");
    }
}

#[tokio::test]
async fn erasing_again_is_fine_and_erasing_what_never_was_is_not() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    for _ in 0..2 {
        fixture.store.erase(&key("s"), NOW).await.expect("erased");
    }
    assert!(matches!(fixture.store.erase(&key("none"), NOW).await, Err(StoreError::SessionNotFound)));
}

#[tokio::test]
async fn erasing_one_session_leaves_the_others() {
    let fixture = fixture().await;
    for session in ["s", "t"] {
        fixture.opened(session).await;
        fixture.append_all(session, vec![new_event("e")]).await;
    }
    fixture.store.erase(&key("s"), NOW).await.expect("erased");
    fixture.store.sweep(at(120_000)).await.expect("swept");
    assert_eq!(fixture.event_ids("t").await, ["e"]);
    assert!(matches!(fixture.store.session(&key("s")).await, Err(StoreError::SessionErased)), "the tombstone stays");
}
