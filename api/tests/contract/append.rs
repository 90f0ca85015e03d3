//! Appending an event. What comes after the end of a session is in `late`.

use serde_json::{Value, json};

use super::{
    answer::{Answer, is_moment, keys},
    client::{Client, event, unique},
};

async fn append(client: &Client, session: &str, event: &Value) -> Answer {
    client.post(&format!("{session}/events"), event).await
}

fn said(event_id: &str) -> Value {
    json!({
        "eventId": event_id, "type": "bot_speech",
        "payload": { "transcript": "hello" }, "timestamp": "2025-12-25T12:00:00+02:00",
    })
}

#[tokio::test]
async fn a_new_event_has_every_field() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    let answer = append(&client, &session, &said("evt:1")).await;
    let event = answer.data(201);
    assert!(!answer.is_replay());
    let names = ["_id", "eventId", "late", "payload", "receivedAt", "sessionId", "timestamp", "type"];
    assert_eq!(keys(event), names);
    assert!(event["_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!((&event["eventId"], &event["type"]), (&json!("evt:1"), &json!("bot_speech")));
    assert_eq!(event["sessionId"], session.trim_start_matches("/v1/sessions/"));
    assert_eq!(event["payload"], json!({ "transcript": "hello" }));
    assert_eq!((&event["timestamp"], &event["late"]), (&json!("2025-12-25T10:00:00.000Z"), &json!(false)));
    assert!(is_moment(&event["receivedAt"]));
    let read = client.get(&format!("{session}/events/evt:1")).await;
    assert_eq!(read.data(200), event);
}

#[tokio::test]
async fn what_is_left_out_is_the_present_and_an_empty_payload() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    let answer = append(&client, &session, &event("e")).await;
    assert_eq!(answer.data(201)["timestamp"], answer.data(201)["receivedAt"]);
    assert_eq!(answer.data(201)["payload"], json!({}));
}

#[tokio::test]
async fn a_repeated_append_answers_the_stored_event() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    for body in [said("full"), event("bare")] {
        let first = append(&client, &session, &body).await;
        for _ in 0..2 {
            let again = append(&client, &session, &body).await;
            assert_eq!(again.data(200), first.data(201));
            assert!(again.is_replay());
            assert!(again.warned("EVENT_ID_MISMATCH").is_empty());
        }
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 2);
}

#[tokio::test]
async fn other_content_under_a_stored_id_changes_nothing_and_is_named() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    let first = append(&client, &session, &said("e")).await;
    let cases = [
        (json!({ "type": "system" }), vec!["type"]),
        (json!({ "payload": { "transcript": "bye" } }), vec!["payload"]),
        (json!({ "timestamp": "2025-12-25T10:00:00.001Z" }), vec!["timestamp"]),
        (
            json!({ "type": "system", "payload": {}, "timestamp": "2025-12-25T10:00:01Z" }),
            vec!["type", "payload", "timestamp"],
        ),
    ];
    for (change, fields) in cases {
        let mut other = said("e");
        other.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let replayed = append(&client, &session, &other).await;
        assert_eq!(replayed.data(200), first.data(201));
        assert!(replayed.is_replay());
        assert_eq!(replayed.warned("EVENT_ID_MISMATCH"), fields);
        let refused = client.post_strictly(&format!("{session}/events"), &other).await;
        refused.refused("EVENT_ID_MISMATCH", &fields);
    }
    assert_eq!(append(&client, &session, &said("e")).await.data(200), first.data(201));
}

#[tokio::test]
async fn a_time_is_compared_only_when_the_client_sent_one() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    append(&client, &session, &said("e")).await.data(201);
    let mut timeless = said("e");
    timeless.as_object_mut().expect("an object").remove("timestamp");
    let replayed = client.post_strictly(&format!("{session}/events"), &timeless).await;
    assert_eq!(replayed.data(200)["timestamp"], "2025-12-25T10:00:00.000Z");
    assert!(replayed.warned("EVENT_ID_MISMATCH").is_empty());
}

#[tokio::test]
async fn one_event_id_in_two_sessions_is_two_events() {
    let client = Client::shared().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let session = client.opened("append").await;
        ids.push(append(&client, &session, &event("e")).await.data(201)["_id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn the_first_event_makes_an_initiated_session_active() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    let before = client.stored(&session).await;
    append(&client, &session, &event("e")).await.data(201);
    let after = client.stored(&session).await;
    assert_eq!((&before["status"], &after["status"]), (&json!("initiated"), &json!("active")));
    for field in ["_id", "startedAt", "createdAt", "endedAt", "language"] {
        assert_eq!(before[field], after[field], "{field}");
    }
}

#[tokio::test]
async fn a_missing_session_is_created_only_when_asked_for() {
    let client = Client::shared().await;
    let session = format!("/v1/sessions/{}", unique("race"));
    append(&client, &session, &event("e")).await.refused("SESSION_NOT_FOUND", &[]);
    let creating = format!("{session}/events?createSession=true&language=de-CH");
    client.post(&creating, &event("e")).await.data(201);
    assert!(client.post(&creating, &event("e")).await.is_replay());
    client.post(&format!("{session}/events?createSession=true&language=fr"), &event("f")).await.data(201);
    client.post(&format!("{session}/events?createSession=false"), &event("g")).await.data(201);
    let stored = client.stored(&session).await;
    assert_eq!((&stored["language"], &stored["status"]), (&json!("de-CH"), &json!("active")));
    assert_eq!(stored["pagination"]["total"], 3);
}

#[tokio::test]
async fn the_parameters_of_creation_go_together() {
    let client = Client::shared().await;
    let session = client.opened("append").await;
    let cases = [
        ("createSession=true", "language"),
        ("language=en", "language"),
        ("createSession=yes", "createSession"),
        ("createSession=true&language=en_US", "language"),
    ];
    for (query, field) in cases {
        let answer = client.post(&format!("{session}/events?{query}"), &event("e")).await;
        answer.refused("INVALID_INPUT", &[field]);
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}
