//! Changing sessions that are still open.

use conversation_core::{Rules, SessionPatch, Status, StoreError, session::MetadataPatch};

use super::support::*;

fn metadata(patch: &str) -> SessionPatch {
    SessionPatch { metadata: Some(MetadataPatch::Merge(object(patch))), language: None }
}

#[tokio::test]
async fn metadata_is_merged_and_language_replaced() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.store.update_session(&key("s"), metadata(r#"{"a":{"b":1,"c":2},"d":3}"#), at(1)).await.expect("merged");
    let patch = SessionPatch { language: Some(language("fr")), ..metadata(r#"{"a":{"b":null},"e":[4]}"#) };
    let changed = fixture.store.update_session(&key("s"), patch, at(2)).await.expect("merged");
    assert_eq!(changed.metadata.as_str(), r#"{"a":{"c":2},"d":3,"e":[4]}"#);
    assert_eq!((&changed.language, changed.updated_at), (&language("fr"), at(2)));
    assert_eq!(fixture.store.session(&key("s")).await.expect("stored"), changed);
    let clearing = SessionPatch { metadata: Some(MetadataPatch::Clear), language: None };
    let cleared = fixture.store.update_session(&key("s"), clearing, at(3)).await.expect("cleared");
    assert_eq!(cleared.metadata.as_str(), "{}");
}

#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_the_session_untouched() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let before = fixture.store.update_session(&key("s"), metadata(r#"{"b":1,"a":2}"#), at(1)).await.expect("merged");
    for patch in ["{}", r#"{"a":2.0}"#] {
        assert_eq!(fixture.store.update_session(&key("s"), metadata(patch), at(2)).await.expect("the same"), before);
    }
}

#[tokio::test]
async fn keys_that_mean_something_to_a_database_are_data_in_a_patch() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let patch = r#"{"":0,"$inc":{"x.y":1},"$ref":"a","__proto__":{"b":[]},"x.y":2}"#;
    fixture.store.update_session(&key("s"), metadata(patch), at(1)).await.expect("merged");
    assert_eq!(fixture.store.session(&key("s")).await.expect("stored").metadata.as_str(), patch);
}

#[tokio::test]
async fn concurrent_patches_are_all_applied() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let patches = (0..20).map(|n| {
        let store = fixture.store.clone();
        tokio::spawn(
            async move { store.update_session(&key("s"), metadata(&format!(r#"{{"k{n}":{n}}}"#)), at(n)).await },
        )
    });
    for patch in patches.collect::<Vec<_>>() {
        patch.await.expect("no panic").expect("merged");
    }
    let stored = fixture.store.session(&key("s")).await.expect("stored");
    for n in 0..20 {
        assert!(stored.metadata.as_str().contains(&format!(r#""k{n}":{n}"#)), "k{n} is in {:?}", stored.metadata);
    }
}

#[tokio::test]
async fn a_patch_that_breaks_a_bound_is_refused() {
    let fixture = crate::fixture::open(Rules { max_metadata_bytes: 20, ..Rules::default() }).await;
    fixture.opened("s").await;
    fixture.store.update_session(&key("s"), metadata(r#"{"a":"12345"}"#), at(1)).await.expect("merged");
    let refused = fixture.store.update_session(&key("s"), metadata(r#"{"b":"12345"}"#), at(2)).await;
    assert!(matches!(refused, Err(StoreError::InvalidPatch(_))), "{refused:?}");
}

#[tokio::test]
async fn an_ended_session_is_not_changed() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.end("s", Status::Completed, NOW).await.expect("ended");
    let refused = fixture.store.update_session(&key("s"), metadata(r#"{"a":1}"#), at(1)).await;
    assert!(matches!(refused, Err(StoreError::SessionClosed)), "{refused:?}");
}
