//! Ending sessions: INV-3, the first end is the only one.

use conversation_core::{Session, Status, StoreError, session::Ending, store::Written};

use super::support::*;

#[tokio::test]
async fn a_session_ends_once_and_keeps_its_end() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let Written::New(ended) = fixture.end("s", Status::Completed, at(5)).await.expect("ended") else {
        panic!("the session was open")
    };
    assert_eq!((ended.status, ended.ended_at, ended.updated_at), (Status::Completed, Some(at(5)), at(5)));
    assert_eq!(fixture.end("s", Status::Completed, at(9)).await.expect("replayed"), Written::Replayed(ended));
}

#[tokio::test]
async fn the_first_terminal_status_wins() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let failing = Ending { status: Status::Failed, ended_at: Some(at(-7)), reason: Some("line dropped".into()) };
    let Written::New(Session { ended_at, end_reason, .. }) =
        fixture.store.end_session(&key("s"), failing, NOW).await.expect("ended")
    else {
        panic!("the session was open")
    };
    assert_eq!((ended_at, end_reason.as_deref()), (Some(at(-7)), Some("line dropped")));
    let refused = fixture.end("s", Status::Completed, at(9)).await;
    assert!(matches!(refused, Err(StoreError::InvalidTransition { current: Status::Failed })), "{refused:?}");
}

#[tokio::test]
async fn an_active_session_can_end_too() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", vec![new_event("e")]).await;
    assert!(matches!(fixture.end("s", Status::Completed, at(5)).await, Ok(Written::New(_))));
    assert_eq!(fixture.store.session(&key("s")).await.expect("stored").status, Status::Completed);
}
