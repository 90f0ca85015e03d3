//! Erasing a session, and that nothing brings its data back.

use std::time::Duration;

use conversation_testkit::until;
use serde_json::json;

use super::client::{Client, event, unique};
use crate::fixture;

#[tokio::test]
async fn an_erasure_answers_nothing_and_may_be_repeated() {
    let client = Client::shared().await;
    let session = client.opened("erase").await;
    client.append_all(&session, &[event("e")]).await;
    for _ in 0..2 {
        let erased = client.delete(&session).await;
        assert_eq!((erased.status, erased.text.as_str()), (204, ""));
    }
}

#[tokio::test]
async fn an_erased_session_refuses_every_operation() {
    let client = Client::shared().await;
    let session_id = unique("erase");
    let body = json!({ "sessionId": session_id, "language": "en" });
    client.post("/v1/sessions", &body).await.data(201);
    let session = format!("/v1/sessions/{session_id}");
    client.append_all(&session, &[event("e")]).await;
    assert_eq!(client.delete(&session).await.status, 204);

    let batch = json!({ "events": [event("e"), event("f")] });
    let answers = [
        client.post("/v1/sessions", &body).await,
        client.post_strictly("/v1/sessions", &body).await,
        client.get(&session).await,
        client.get(&format!("{session}?cursor=")).await,
        client.get(&format!("{session}/events")).await,
        client.get(&format!("{session}/events/e")).await,
        client.post(&format!("{session}/events"), &event("e")).await,
        client.post(&format!("{session}/events?createSession=true&language=en"), &event("f")).await,
        client.post(&format!("{session}/events/batch"), &batch).await,
        client.post(&format!("{session}/events/batch?createSession=true&language=en"), &batch).await,
        client.post_nothing(&format!("{session}/complete")).await,
        client.post_nothing(&format!("{session}/fail")).await,
        client.patch(&session, &json!({ "language": "fr" })).await,
    ];
    for answer in answers {
        answer.refused("SESSION_ERASED", &[]);
    }
}

#[tokio::test]
async fn an_ended_session_is_erased_too_and_leaves_the_listing() {
    let client = Client::shared().await;
    let language = unique("x-erase");
    let body = json!({ "sessionId": unique("erase"), "language": language, "status": "completed" });
    client.post("/v1/sessions", &body).await.data(201);
    let listing = format!("/v1/sessions?language={language}");
    assert_eq!(client.get(&listing).await.data(200)["sessions"].as_array().map(Vec::len), Some(1));
    let session = format!("/v1/sessions/{}", body["sessionId"].as_str().expect("an id"));
    assert_eq!(client.delete(&session).await.status, 204);
    assert_eq!(client.get(&listing).await.data(200)["sessions"], json!([]));
}

#[tokio::test]
async fn an_id_never_seen_is_not_found() {
    let client = Client::shared().await;
    let session = format!("/v1/sessions/{}", unique("none"));
    client.delete(&session).await.refused("SESSION_NOT_FOUND", &[]);
    client.delete("/v1/sessions/a%20b").await.refused("INVALID_INPUT", &["sessionId"]);
}

#[tokio::test]
async fn an_id_is_free_again_when_its_tombstone_expires() {
    let service = fixture::dedicated(&[("ERASURE_TOMBSTONE_TTL", "1s"), ("SWEEP_INTERVAL", "1s")]).await;
    let client = Client::of(&service);
    let session = client.opened("erase").await;
    client.append_all(&session, &[event("e")]).await;
    assert_eq!(client.delete(&session).await.status, 204);
    let body = json!({ "sessionId": session.trim_start_matches("/v1/sessions/"), "language": "fr" });
    // MongoDB removes expired documents once a minute.
    let created = until(Duration::from_secs(150), "the tombstone to expire", async || {
        let answer = client.post("/v1/sessions", &body).await;
        (answer.status != 410).then_some(answer)
    });
    created.await.expect("an expired tombstone").data(201);
    assert_eq!(client.stored(&session).await["events"], json!([]));
}
