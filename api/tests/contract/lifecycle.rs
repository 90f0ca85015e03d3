//! The end of a session: the first one wins.

use serde_json::{Value, json};

use super::client::{Client, event, seconds_from_now, unique};

#[tokio::test]
async fn completing_sets_the_end_once() {
    let client = Client::shared().await;
    let session = client.opened_an_hour_ago("end").await;
    client.append_all(&session, &[event("e")]).await;
    let first = client.post_nothing(&format!("{session}/complete")).await;
    assert_eq!((&first.data(200)["status"], &first.data(200)["endReason"]), (&json!("completed"), &Value::Null));
    assert!(!first.is_replay());
    for body in [json!({}), json!({ "endedAt": seconds_from_now(-60) })] {
        let again = client.post(&format!("{session}/complete"), &body).await;
        assert_eq!(again.data(200), first.data(200));
        assert!(again.is_replay());
    }
    let stored = client.stored(&session).await;
    assert_eq!((&stored["status"], &stored["endedAt"]), (&json!("completed"), &first.data(200)["endedAt"]));
    assert_eq!(stored["updatedAt"], first.data(200)["updatedAt"]);
}

#[tokio::test]
async fn the_client_may_say_when_it_ended() {
    let client = Client::shared().await;
    let ended = "2025-11-20T10:00:00+05:30";
    let started = json!({ "sessionId": unique("end"), "language": "en", "startedAt": "2025-11-20T04:00:00Z" });
    client.post("/v1/sessions", &started).await.data(201);
    let session = format!("/v1/sessions/{}", started["sessionId"].as_str().expect("an id"));
    let answer = client.post(&format!("{session}/complete"), &json!({ "endedAt": ended })).await;
    assert_eq!(answer.data(200)["endedAt"], "2025-11-20T04:30:00.000Z");
}

#[tokio::test]
async fn failing_keeps_its_reason() {
    let client = Client::shared().await;
    let session = client.opened("end").await;
    let first = client.post(&format!("{session}/fail"), &json!({ "reason": "línea caída" })).await;
    assert_eq!((&first.data(200)["status"], &first.data(200)["endReason"]), (&json!("failed"), &json!("línea caída")));
    let again = client.post(&format!("{session}/fail"), &json!({ "reason": "another" })).await;
    assert_eq!(again.data(200), first.data(200));
    assert!(again.is_replay());

    let silent = client.opened("end").await;
    let failed = client.post_nothing(&format!("{silent}/fail")).await;
    assert_eq!((&failed.data(200)["status"], &failed.data(200)["endReason"]), (&json!("failed"), &Value::Null));
}

#[tokio::test]
async fn the_other_end_is_refused_with_the_present_status() {
    let client = Client::shared().await;
    for (first, second, status) in [("complete", "fail", "completed"), ("fail", "complete", "failed")] {
        let session = client.opened("end").await;
        let ended = client.post_nothing(&format!("{session}/{first}")).await;
        let other = client.post_nothing(&format!("{session}/{second}")).await;
        other.refused("INVALID_TRANSITION", &["status"]);
        let detail = other.body["details"][0]["message"].as_str().expect("a message");
        assert!(detail.contains(status), "{detail}");
        assert_eq!(client.stored(&session).await["endedAt"], ended.data(200)["endedAt"]);
    }
}

#[tokio::test]
async fn an_imported_end_is_an_end() {
    let client = Client::shared().await;
    let ended = seconds_from_now(-7200);
    let body = json!({
        "sessionId": unique("end"), "language": "en", "status": "completed",
        "startedAt": seconds_from_now(-9000), "endedAt": ended,
    });
    client.post("/v1/sessions", &body).await.data(201);
    let session = format!("/v1/sessions/{}", body["sessionId"].as_str().expect("an id"));
    let again = client.post_nothing(&format!("{session}/complete")).await;
    assert_eq!(again.data(200)["endedAt"], ended);
    assert!(again.is_replay());
    client.post_nothing(&format!("{session}/fail")).await.refused("INVALID_TRANSITION", &["status"]);
}

#[tokio::test]
async fn ends_that_cannot_be_read_change_nothing() {
    let client = Client::shared().await;
    let session = client.opened("end").await;
    let cases = [
        ("complete", json!({ "endedAt": "yesterday" }), "endedAt"),
        ("complete", json!({ "endedAt": 1_766_656_800 }), "endedAt"),
        ("complete", json!({ "endedAt": seconds_from_now(90_000) }), "endedAt"),
        ("complete", json!({ "reason": "done" }), "reason"),
        ("complete", json!([]), "body"),
        ("fail", json!({ "reason": 7 }), "reason"),
        ("fail", json!({ "reason": "x".repeat(1025) }), "reason"),
        ("fail", json!({ "ended_at": "2025-12-25T10:00:00Z" }), "ended_at"),
    ];
    for (way, body, field) in cases {
        client.post(&format!("{session}/{way}"), &body).await.refused("INVALID_INPUT", &[field]);
    }
    assert_eq!(client.stored(&session).await["status"], "initiated");
    let missing = format!("/v1/sessions/{}", unique("none"));
    for way in ["complete", "fail"] {
        client.post_nothing(&format!("{missing}/{way}")).await.refused("SESSION_NOT_FOUND", &[]);
    }
}
