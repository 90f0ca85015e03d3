//! Creating sessions.

use conversation_core::{NewSession, Session, Status, StoreError, store::Written};

use super::support::*;

#[tokio::test]
async fn a_session_is_read_back_as_it_was_created() {
    let fixture = fixture().await;
    let request = NewSession {
        status: Some(Status::Completed),
        started_at: Some(at(-60_000)),
        ended_at: Some(at(-1)),
        metadata: Some((object(r#"{"userId":"user_456","n":[1,2.5,null,true,{"x.y":"$set"}]}"#), [0; 32])),
        ..new_session("s")
    };
    let Written::New(created) = fixture.store.create_session(request, NOW).await.expect("created") else {
        panic!("the session was new")
    };
    let Session { key: _, status, language: _, started_at, ended_at, end_reason, metadata, created_at, .. } = &created;
    assert_eq!((*status, *started_at, *ended_at), (Status::Completed, at(-60_000), Some(at(-1))));
    assert_eq!((end_reason, *created_at), (&None, NOW));
    assert_eq!(metadata.as_str(), r#"{"userId":"user_456","n":[1,2.5,null,true,{"x.y":"$set"}]}"#);
    assert_eq!(fixture.store.session(&key("s")).await.expect("stored"), created);
}

#[tokio::test]
async fn a_repeated_create_returns_the_stored_session_unchanged() {
    let fixture = fixture().await;
    let first = fixture.opened("s").await;
    let other = NewSession { language: language("fr"), ..new_session("s") };
    assert_eq!(fixture.store.create_session(other, at(5)).await.expect("replayed"), Written::Replayed(first));
}

#[tokio::test]
async fn the_same_identifier_belongs_to_each_tenant_separately() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let foreign = NewSession::opened(tenant_key("other", "s"), language("fr"));
    assert!(matches!(fixture.store.create_session(foreign, NOW).await, Ok(Written::New(_))));
    fixture.append_all("s", vec![new_event("e")]).await;
    let (session, page) = fixture.store.timeline(&tenant_key("other", "s"), everything()).await.expect("a page");
    assert_eq!((session.language, session.status), (language("fr"), Status::Initiated));
    assert!(page.events.is_empty());
}

#[tokio::test]
async fn a_missing_session_is_not_found() {
    let fixture = fixture().await;
    assert!(matches!(fixture.store.session(&key("none")).await, Err(StoreError::SessionNotFound)));
    assert!(matches!(fixture.store.timeline(&key("none"), everything()).await, Err(StoreError::SessionNotFound)));
    assert!(matches!(fixture.end("none", Status::Failed, NOW).await, Err(StoreError::SessionNotFound)));
}
