//! Times that do not exist, have another form, or lie too far ahead.

use serde_json::json;

use crate::suite::client::{Client, seconds_from_now, unique};

/// What other services took for a time, or failed over.
const UNREADABLE: [&str; 14] = [
    "2025-02-30T10:00:00Z",
    "2025-02-29T10:00:00Z",
    "2025-13-01T10:00:00Z",
    "2025-12-25T24:00:00Z",
    "2025-12-25T10:60:00Z",
    "2025-W10",
    "2025-W10-1T10:00:00Z",
    "2025-12-25",
    "2025-12-25T10:00:00",
    "10:00:00Z",
    "1735120800000",
    "now",
    "",
    "+12025-12-25T10:00:00Z",
];

#[tokio::test]
async fn what_is_no_time_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("times").await;
    for text in UNREADABLE {
        let append = json!({ "eventId": "e", "type": "system", "timestamp": text });
        client.post(&format!("{session}/events"), &append).await.refused("INVALID_INPUT", &["timestamp"]);
        let create = json!({ "sessionId": unique("times"), "language": "en", "startedAt": text });
        client.post("/v1/sessions", &create).await.refused("INVALID_INPUT", &["startedAt"]);
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_time_more_than_a_day_ahead_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("times").await;
    let path = format!("{session}/events");
    for ahead in ["2124-01-01T00:00:00Z".to_owned(), seconds_from_now(24 * 3600 + 60)] {
        let append = json!({ "eventId": "e", "type": "system", "timestamp": ahead });
        client.post(&path, &append).await.refused("INVALID_INPUT", &["timestamp"]);
        let create = json!({ "sessionId": unique("times"), "language": "en", "startedAt": ahead });
        client.post("/v1/sessions", &create).await.refused("INVALID_INPUT", &["startedAt"]);
        let ended = json!({ "sessionId": unique("times"), "language": "en", "status": "failed", "endedAt": ahead });
        client.post("/v1/sessions", &ended).await.refused("INVALID_INPUT", &["endedAt"]);
    }
    let soon = json!({ "eventId": "e", "type": "system", "timestamp": seconds_from_now(24 * 3600 - 60) });
    client.post(&path, &soon).await.data(201);
}

#[tokio::test]
async fn any_past_time_and_any_offset_are_taken() {
    let client = Client::shared().await;
    let session = client.opened("times").await;
    let cases = [
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("2024-02-29T23:30:00.5-01:00", "2024-03-01T00:30:00.500Z"),
        ("2025-12-25t10:00:00z", "2025-12-25T10:00:00.000Z"),
        ("2025-12-25T10:00:00.123456789Z", "2025-12-25T10:00:00.123Z"),
    ];
    for (at, (sent, kept)) in cases.into_iter().enumerate() {
        let append = json!({ "eventId": format!("e{at}"), "type": "system", "timestamp": sent });
        let answer = client.post(&format!("{session}/events"), &append).await;
        assert_eq!(answer.data(201)["timestamp"], kept);
    }
    assert_eq!(client.stored(&session).await["events"][0]["timestamp"], "0001-01-01T00:00:00.000Z");
}

#[tokio::test]
async fn an_end_before_its_beginning_is_refused() {
    let body = json!({
        "sessionId": unique("times"), "language": "en", "status": "completed",
        "startedAt": "2025-12-25T10:00:00Z", "endedAt": "2025-12-25T09:59:59Z",
    });
    Client::shared().await.post("/v1/sessions", &body).await.refused("INVALID_INPUT", &["endedAt"]);
}
