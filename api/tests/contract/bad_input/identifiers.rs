//! Identifiers outside their alphabet, in bodies and in paths.

use serde_json::json;

use crate::suite::client::{Client, event, unique};

/// Identifiers that break the rule, as a body holds them.
const UNFIT: [&str; 12] = ["", " ", "a b", " a", "a/b", "../a", "a\u{0}b", "a?b", "é", "ａ", "a%20b", "{\"$ne\":1}"];

/// Identifiers that break the rule, percent-encoded as a path holds them.
const UNFIT_IN_PATH: [&str; 9] =
    ["%20", "a%20b", "a%2Fb", "%00", "a%00b", "%C3%A9", "a%3Fb", "%7B%22$ne%22:1%7D", "a%2520b"];

#[tokio::test]
async fn an_id_of_other_characters_is_refused_in_a_body() {
    let client = Client::shared().await;
    let session = client.opened("ids").await;
    let long = "x".repeat(129);
    for id in UNFIT.iter().copied().chain([long.as_str(), &"é".repeat(65)]) {
        let create = client.post("/v1/sessions", &json!({ "sessionId": id, "language": "en" })).await;
        create.refused("INVALID_INPUT", &["sessionId"]);
        client.post(&format!("{session}/events"), &event(id)).await.refused("INVALID_INPUT", &["eventId"]);
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn an_id_of_other_characters_is_refused_in_a_path() {
    let client = Client::shared().await;
    let long = "x".repeat(129);
    for id in UNFIT_IN_PATH.iter().copied().chain([long.as_str()]) {
        let session = format!("/v1/sessions/{id}");
        let answers = [
            client.get(&session).await,
            client.get(&format!("{session}/events")).await,
            client.get(&format!("{session}/events/e")).await,
            client.post(&format!("{session}/events"), &event("e")).await,
            client.post(&format!("{session}/events?createSession=true&language=en"), &event("e")).await,
            client.post(&format!("{session}/events/batch"), &json!({ "events": [event("e")] })).await,
            client.post_nothing(&format!("{session}/complete")).await,
            client.post_nothing(&format!("{session}/fail")).await,
            client.patch(&session, &json!({})).await,
            client.delete(&session).await,
        ];
        for answer in answers {
            answer.refused("INVALID_INPUT", &["sessionId"]);
        }
    }
}

#[tokio::test]
async fn an_event_id_of_other_characters_is_refused_in_a_path() {
    let client = Client::shared().await;
    let session = client.opened("ids").await;
    let long = "x".repeat(129);
    for id in UNFIT_IN_PATH.iter().copied().chain([long.as_str()]) {
        client.get(&format!("{session}/events/{id}")).await.refused("INVALID_INPUT", &["eventId"]);
    }
}

#[tokio::test]
async fn a_path_that_is_not_text_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("ids").await;
    for path in ["/v1/sessions/%FF".to_owned(), "/v1/sessions/a%C3/events".to_owned(), format!("{session}/events/%80")]
    {
        client.get(&path).await.refused("INVALID_INPUT", &["path"]);
    }
}

#[tokio::test]
async fn every_character_of_the_alphabet_is_taken_up_to_128() {
    let client = Client::shared().await;
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:~@+=-";
    let number = unique("");
    let session_id = format!("{alphabet}{number}{}", "x".repeat(128 - alphabet.len() - number.len()));
    let created = client.post("/v1/sessions", &json!({ "sessionId": session_id, "language": "en" })).await;
    assert_eq!(created.data(201)["sessionId"], session_id);
    let session = format!("/v1/sessions/{session_id}");
    client.append_all(&session, &[event(alphabet), event(&session_id), event(".")]).await;
    assert_eq!(client.get(&format!("{session}/events/{alphabet}")).await.data(200)["eventId"], alphabet);
    assert_eq!(client.get(&format!("{session}/events/{session_id}")).await.data(200)["eventId"], session_id);
    let encoded: String = alphabet.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(client.get(&format!("{session}/events/{encoded}")).await.data(200)["eventId"], alphabet);
}

#[tokio::test]
async fn ids_are_compared_by_case() {
    let client = Client::shared().await;
    let session = client.opened("case").await;
    client.append_all(&session, &[event("A"), event("a")]).await;
    client.get(&session.replace("case", "CASE")).await.refused("SESSION_NOT_FOUND", &[]);
}
