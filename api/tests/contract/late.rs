//! Events that arrive after the end of their session: stored for a while, then refused, and retries always answered.

use serde_json::json;

use super::client::{Client, event, seconds_from_now};
use crate::fixture;

/// A session with the event `early` that ended so many seconds ago.
async fn ended(client: &Client, seconds: i64) -> String {
    let session = client.opened_an_hour_ago("late").await;
    client.append_all(&session, &[event("early")]).await;
    let body = json!({ "endedAt": seconds_from_now(-seconds) });
    client.post(&format!("{session}/complete"), &body).await.data(200);
    session
}

#[tokio::test]
async fn an_event_within_the_grace_is_stored_as_late() {
    let client = Client::shared().await;
    let session = ended(&client, 200).await;
    let before = client.stored(&session).await;
    let late = client.post(&format!("{session}/events"), &event("late")).await;
    assert_eq!(late.data(201)["late"], true);
    let again = client.post(&format!("{session}/events"), &event("late")).await;
    assert_eq!(again.data(200), late.data(201));
    let after = client.stored(&session).await;
    for field in ["status", "endedAt", "updatedAt"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(json!([after["events"][0]["late"], after["events"][1]["late"]]), json!([false, true]));
}

#[tokio::test]
async fn an_event_after_the_grace_is_refused_and_a_retry_still_answered() {
    let client = Client::shared().await;
    let session = ended(&client, 400).await;
    let path = format!("{session}/events");
    client.post(&path, &event("late")).await.refused("SESSION_CLOSED", &[]);
    let creating = format!("{path}?createSession=true&language=en");
    client.post(&creating, &event("late")).await.refused("SESSION_CLOSED", &[]);
    assert!(client.post(&path, &event("early")).await.is_replay());
    let other = json!({ "eventId": "early", "type": "system" });
    let replayed = client.post(&path, &other).await;
    assert_eq!(replayed.warned("EVENT_ID_MISMATCH"), ["type"]);
    client.post_strictly(&path, &other).await.refused("EVENT_ID_MISMATCH", &["type"]);
    assert_eq!(client.stored(&session).await["pagination"]["total"], 1);
}

#[tokio::test]
async fn shape_is_checked_before_the_status_of_the_session() {
    let client = Client::shared().await;
    let session = ended(&client, 400).await;
    let path = format!("{session}/events");
    let laugh = json!({ "eventId": "late", "type": "laugh" });
    client.post(&path, &laugh).await.refused("INVALID_INPUT", &["type"]);
    let large = json!({ "eventId": "late", "type": "system", "payload": { "t": "x".repeat(256 * 1024) } });
    client.post(&path, &large).await.refused("PAYLOAD_TOO_LARGE", &["payload"]);
}

#[tokio::test]
async fn the_grace_is_a_setting() {
    let service = fixture::dedicated(&[("LATE_EVENT_GRACE", "60s")]).await;
    let client = Client::of(&service);
    let (recent, past) = (ended(&client, 10).await, ended(&client, 200).await);
    assert_eq!(client.post(&format!("{recent}/events"), &event("late")).await.data(201)["late"], true);
    client.post(&format!("{past}/events"), &event("late")).await.refused("SESSION_CLOSED", &[]);
}

#[tokio::test]
async fn a_failed_session_takes_late_events_too() {
    let client = Client::shared().await;
    let session = client.opened("late").await;
    client.post_nothing(&format!("{session}/fail")).await.data(200);
    assert_eq!(client.post(&format!("{session}/events"), &event("late")).await.data(201)["late"], true);
    assert_eq!(client.stored(&session).await["status"], "failed");
}
