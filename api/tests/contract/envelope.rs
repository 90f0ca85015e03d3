//! The two envelopes, and the headers that every answer has.

use std::{collections::HashSet, time::Duration};

use conversation_testkit::until;
use reqwest::{Method, header::HeaderValue};
use serde_json::json;

use super::{
    answer::keys,
    client::{Client, event, unique},
};
use crate::fixture;

#[tokio::test]
async fn a_success_has_the_four_members_of_its_envelope() {
    let client = Client::shared().await;
    let session = client.opened("envelope").await;
    let read = client.get(&session).await;
    read.data(200);
    assert_eq!(keys(&read.body), ["data", "statusCode", "success", "timestamp"]);
    assert_eq!(read.header("content-type"), "application/json");
    let appended = client.post(&format!("{session}/events"), &event("e")).await;
    appended.data(201);
    assert_eq!(keys(&appended.body), ["data", "statusCode", "success", "timestamp"]);
}

#[tokio::test]
async fn an_error_repeats_its_request_and_has_details_only_where_they_say_something() {
    let client = Client::shared().await;
    let path = format!("/v1/sessions/{}/complete", unique("none"));
    let missing = client.post_nothing(&path).await;
    missing.refused("SESSION_NOT_FOUND", &[]);
    let members = ["error", "errorCode", "message", "method", "path", "requestId", "retryable", "statusCode"];
    assert_eq!(keys(&missing.body), [&members[..], &["success", "timestamp"]].concat());
    assert_eq!(missing.body["path"], path);
    assert_eq!((&missing.body["method"], &missing.body["error"]), (&json!("POST"), &json!("Not Found")));

    let wrong = client.post("/v1/sessions", &json!({ "sessionId": "s", "language": "?" })).await;
    wrong.refused("INVALID_INPUT", &["language"]);
    assert_eq!(keys(&wrong.body["details"][0]), ["field", "message"]);
    assert_eq!(wrong.body["error"], "Bad Request");
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let body = json!({ "sessionId": "a b", "status": "gone", "startedAt": "now", "metadata": [] });
    let answer = Client::shared().await.post("/v1/sessions", &body).await;
    answer.refused("INVALID_INPUT", &["sessionId", "language", "status", "startedAt", "metadata"]);
}

#[tokio::test]
async fn a_request_id_of_visible_ascii_is_given_back() {
    let client = Client::shared().await;
    for id in ["!", "call:7~{a|b}", &"x".repeat(128)] {
        for (method, path) in [(Method::GET, "/version"), (Method::GET, "/nowhere"), (Method::PUT, "/v1/sessions")] {
            let answer = client.send(client.request(method, path).header("x-request-id", id)).await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
}

#[tokio::test]
async fn any_other_request_id_is_replaced_by_a_fresh_one() {
    let client = Client::shared().await;
    let long = "x".repeat(129);
    let unfit: [&[u8]; 5] = [b"", b"two words", "é".as_bytes(), b"tab\there", long.as_bytes()];
    let mut fresh = HashSet::new();
    for id in unfit {
        let id = HeaderValue::from_bytes(id).expect("a header value");
        let answer = client.send(client.request(Method::GET, "/version").header("x-request-id", &id)).await;
        let given = answer.header("x-request-id").to_owned();
        assert!((1..=128).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic()), "{given:?}");
        assert!(fresh.insert(given), "no two requests share an id");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let client = Client::shared().await;
    let session = client.opened("ids").await;
    let erased = client.delete(&session).await;
    assert_eq!(erased.status, 204);
    for answer in
        [erased, client.get("/api").await, client.get("/nowhere").await, client.post_nothing("/version").await]
    {
        assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn an_unready_service_says_when_to_come_back() {
    let service = fixture::dedicated(&[("DRAIN_DELAY", "10m")]).await;
    let client = Client::of(&service);
    service.terminate().expect("told to end");
    let unready = until(Duration::from_secs(30), "readiness to be off", async || {
        let answer = client.get("/health/ready").await;
        (answer.status != 200).then_some(answer)
    });
    let unready = unready.await.expect("an unready service");
    unready.refused("STORE_UNAVAILABLE", &["process"]);
    let seconds: u64 = unready.header("retry-after").parse().expect("whole seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    client.get("/health/live").await.data(200);
    client.opened("drained").await;
}
