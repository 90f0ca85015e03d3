//! Clients that time out and retry while their first request is still on its way.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    client::{Client, event, unique},
};

/// Checks a hundred answers: one created, all others replayed, all about one document.
#[track_caller]
fn one_of_a_hundred(answers: &[Answer]) {
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let replayed = answers.iter().filter(|answer| answer.status == 200 && answer.is_replay()).count();
    assert_eq!((created, replayed), (1, 99));
    assert!(answers.iter().all(|answer| answer.data(answer.status) == answers[0].data(answers[0].status)));
}

async fn hundred(client: &Client, path: &str, body: &Value) -> Vec<Answer> {
    join_all((0..100).map(|_| client.post(path, body))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_creates_make_one_session() {
    let client = Client::shared().await;
    let language = unique("x-race");
    let body = json!({ "sessionId": unique("race"), "language": language, "metadata": { "a": 1 } });
    one_of_a_hundred(&hundred(&client, "/v1/sessions", &body).await);
    let listed = client.get(&format!("/v1/sessions?language={language}")).await;
    assert_eq!(listed.data(200)["sessions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_appends_make_one_event() {
    let client = Client::shared().await;
    let session = client.opened("race").await;
    let body = json!({ "eventId": "e", "type": "user_speech", "payload": { "transcript": "hello" } });
    one_of_a_hundred(&hundred(&client, &format!("{session}/events"), &body).await);
    assert_eq!(client.stored(&session).await["pagination"]["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_identical_batches_store_every_event_once() {
    let client = Client::shared().await;
    let session = client.opened("race").await;
    let batch = json!({ "events": (0..50).map(|n| event(&format!("e{n}"))).collect::<Vec<Value>>() });
    let path = format!("{session}/events/batch");
    let answers = join_all((0..20).map(|_| client.post(&path, &batch))).await;
    let sum = |name: &str| answers.iter().map(|answer| answer.data(answer.status)[name].as_u64()).sum::<Option<u64>>();
    assert_eq!((sum("appended"), sum("replayed"), sum("rejected")), (Some(50), Some(950), Some(0)));
    assert_eq!(client.stored(&session).await["pagination"]["total"], 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_events_create_one_session_between_them() {
    let client = Client::shared().await;
    let session = format!("/v1/sessions/{}", unique("race"));
    let path = format!("{session}/events?createSession=true&language=en");
    let bodies: Vec<Value> = (0..100).map(|n| event(&format!("e{n}"))).collect();
    for answer in join_all(bodies.iter().map(|body| client.post(&path, body))).await {
        answer.data(201);
    }
    let stored = client.stored(&session).await;
    assert_eq!((&stored["pagination"]["total"], &stored["status"]), (&json!(100), &json!("active")));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_concurrent_completes_agree_on_one_end() {
    let client = Client::shared().await;
    let session = client.opened("race").await;
    let path = format!("{session}/complete");
    let answers = join_all((0..8).map(|_| client.post_nothing(&path))).await;
    let ends: HashSet<&str> =
        answers.iter().map(|answer| answer.data(200)["endedAt"].as_str().expect("an end")).collect();
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_completing_and_failing_at_once_one_wins() {
    let client = Client::shared().await;
    let session = client.opened("race").await;
    let paths: Vec<String> =
        (0..20).map(|n| format!("{session}/{}", if n % 2 == 0 { "complete" } else { "fail" })).collect();
    let answers = join_all(paths.iter().map(|path| client.post_nothing(path))).await;
    let stored = client.stored(&session).await;
    let (won, lost): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (10, 10));
    for answer in won {
        assert_eq!(
            (&answer.data(200)["status"], &answer.data(200)["endedAt"]),
            (&stored["status"], &stored["endedAt"])
        );
    }
    for answer in lost {
        answer.refused("INVALID_TRANSITION", &["status"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_patches_are_all_merged() {
    let client = Client::shared().await;
    let session = client.opened("race").await;
    let patches: Vec<Value> = (0..20).map(|n| json!({ "metadata": { format!("k{n}"): n } })).collect();
    for answer in join_all(patches.iter().map(|patch| client.patch(&session, patch))).await {
        answer.data(200);
    }
    assert_eq!(client.stored(&session).await["metadata"].as_object().map(serde_json::Map::len), Some(20));
}
