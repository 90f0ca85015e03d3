//! Appending events: INV-2, each is stored once, and INV-5, it is read back as it was sent.

use conversation_core::{
    EventId, EventType, Status, StoreError,
    store::{AppendOptions, Written},
};

use super::support::*;

#[tokio::test]
async fn an_event_is_read_back_as_it_was_sent() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let payload =
        r#"{"transcript":"héllo \"you\"","n":-1,"d":1.5,"whole":1.0,"big":9007199254740993,"nul":"a\u0000b"}"#;
    let Written::New(stored) = fixture.append_one("s", event("e", payload, Some(at(-5))), NOW).await.expect("appended")
    else {
        panic!("the event was new")
    };
    assert_eq!((stored.timestamp, stored.received_at, stored.late), (at(-5), NOW, false));
    assert_eq!(stored.kind, EventType::UserSpeech);
    let read = fixture.store.event(&key("s"), &stored.event_id).await.expect("stored");
    assert_eq!(read, stored);
    assert_eq!(read.payload.as_str(), payload);
}

#[tokio::test]
async fn keys_that_mean_something_to_a_database_survive_as_data() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let payload = r#"{"$set":{"a.b":1},"x.y":2,"__proto__":{"z":[]},"":{},"$ref":"c","_id":7,"$where":"1"}"#;
    fixture.append_all("s", vec![event("keys", payload, None), event("empty", "{}", None)]).await;
    let page = fixture.page("s", everything()).await;
    let payloads: Vec<_> = page.events.iter().map(|event| event.payload.as_str()).collect();
    assert_eq!(payloads, ["{}", payload]);
}

#[tokio::test]
async fn a_repeated_append_returns_the_stored_event() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let first = fixture.append_one("s", event("e", r#"{"a":1}"#, None), NOW).await.expect("appended");
    let again = fixture.append_one("s", event("e", r#"{"a":1}"#, None), at(9)).await.expect("replayed");
    let (Written::New(stored), Written::Replayed(replayed)) = (first, again) else { panic!("new, then replayed") };
    assert_eq!(stored, replayed);
    assert_eq!(fixture.event_ids("s").await, ["e"]);
}

#[tokio::test]
async fn other_content_under_a_stored_identifier_changes_nothing() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_one("s", event("e", r#"{"a":1}"#, Some(at(1))), NOW).await.expect("appended");
    let other = event("e", r#"{"a":2}"#, Some(at(2)));
    let Written::Replayed(stored) = fixture.append_one("s", other.clone(), at(9)).await.expect("replayed") else {
        panic!("the event was there")
    };
    assert_eq!((stored.payload.as_str(), stored.timestamp), (r#"{"a":1}"#, at(1)));
    assert_eq!(other.contradictions(&stored), ["payload", "timestamp"]);
}

#[tokio::test]
async fn one_identifier_in_two_sessions_is_two_events() {
    let fixture = fixture().await;
    for session in ["a", "b"] {
        fixture.opened(session).await;
        fixture.append_all(session, vec![new_event("e")]).await;
    }
    assert_eq!(fixture.event_ids("b").await, ["e"]);
}

#[tokio::test]
async fn the_first_event_makes_a_session_active() {
    let fixture = fixture().await;
    let opened = fixture.opened("s").await;
    fixture.append_one("s", new_event("e1"), at(1)).await.expect("appended");
    let active = fixture.store.session(&key("s")).await.expect("stored");
    assert_eq!((active.status, active.updated_at), (Status::Active, at(1)));
    assert_eq!((active.started_at, active.created_at), (opened.started_at, opened.created_at));
    fixture.append_one("s", new_event("e2"), at(2)).await.expect("appended");
    assert_eq!(
        fixture.store.session(&key("s")).await.expect("stored").updated_at,
        at(1),
        "later events change nothing"
    );
}

#[tokio::test]
async fn an_append_to_a_missing_session_is_refused_unless_it_creates_one() {
    let fixture = fixture().await;
    assert!(matches!(fixture.append_one("s", new_event("e"), NOW).await, Err(StoreError::SessionNotFound)));
    let creating = AppendOptions { now: NOW, create_session: Some(language("de")) };
    for expected_new in [true, false] {
        let answers = fixture.store.append(&key("s"), vec![new_event("e")], creating.clone()).await.expect("appended");
        assert_eq!(matches!(answers[0], Ok(Written::New(_))), expected_new);
    }
    let session = fixture.store.session(&key("s")).await.expect("created");
    assert_eq!((session.status, session.language), (Status::Active, language("de")));
}

#[tokio::test]
async fn late_events_are_marked_and_then_refused_but_retries_always_answered() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_one("s", new_event("early"), NOW).await.expect("appended");
    fixture.end("s", Status::Completed, at(1_000)).await.expect("ended");
    let grace = 300_000;
    let Written::New(late) = fixture.append_one("s", new_event("late"), at(1_000 + grace)).await.expect("late") else {
        panic!("the event was new")
    };
    assert!(late.late);
    let after = at(1_001 + grace);
    assert!(matches!(fixture.append_one("s", new_event("too-late"), after).await, Err(StoreError::SessionClosed)));
    for retried in ["early", "late"] {
        assert!(matches!(fixture.append_one("s", new_event(retried), after).await, Ok(Written::Replayed(_))));
    }
    let session = fixture.store.session(&key("s")).await.expect("stored");
    assert_eq!((session.status, session.ended_at), (Status::Completed, Some(at(1_000))));
}

#[tokio::test]
async fn a_batch_answers_each_event_in_its_order() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", vec![new_event("b")]).await;
    let events = ["a", "b", "c", "a"].map(new_event).to_vec();
    let answers = fixture.store.append(&key("s"), events, options(NOW)).await.expect("appended");
    let new: Vec<bool> = answers.iter().map(|answer| matches!(answer, Ok(Written::New(_)))).collect();
    assert_eq!(new, [true, false, true, false], "a duplicate within the batch is replayed");
    assert_eq!(fixture.event_ids("s").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_batch_for_a_closed_session_replays_what_is_there_and_refuses_the_rest() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", vec![new_event("a")]).await;
    fixture.end("s", Status::Failed, NOW).await.expect("ended");
    let events = ["b", "a"].map(new_event).to_vec();
    let answers = fixture.store.append(&key("s"), events, options(at(400_000))).await.expect("answered");
    assert!(matches!(answers[0], Err(StoreError::SessionClosed)));
    assert!(matches!(answers[1], Ok(Written::Replayed(_))));
}

#[tokio::test]
async fn five_hundred_events_of_one_batch_are_all_stored() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", (0..500).map(|n| new_event(&format!("e{n:03}"))).collect()).await;
    assert_eq!(fixture.page("s", everything()).await.counts.expect("counted").total, 500);
}

#[tokio::test]
async fn a_missing_event_is_not_found() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let event_id = EventId::parse("none").expect("an id");
    assert!(matches!(fixture.store.event(&key("s"), &event_id).await, Err(StoreError::EventNotFound)));
    assert!(matches!(fixture.store.event(&key("none"), &event_id).await, Err(StoreError::SessionNotFound)));
}
