//! Appending events together, each on its own merits.

use serde_json::{Value, json};

use super::{
    answer::{Answer, keys},
    client::{Client, event, seconds_from_now, unique},
};

async fn batch(client: &Client, session: &str, events: &[Value]) -> Answer {
    client.post(&format!("{session}/events/batch"), &json!({ "events": events })).await
}

/// Index, event id, outcome and error code of every result; empty where there is none.
#[track_caller]
fn results(data: &Value) -> Vec<(u64, &str, &str, &str)> {
    let results = data["results"].as_array().expect("results");
    results
        .iter()
        .map(|item| {
            (
                item["index"].as_u64().expect("an index"),
                text(&item["eventId"]),
                text(&item["outcome"]),
                text(&item["errorCode"]),
            )
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[track_caller]
fn counts(data: &Value) -> (u64, u64, u64) {
    let count = |name: &str| data[name].as_u64().expect("a count");
    (count("appended"), count("replayed"), count("rejected"))
}

#[tokio::test]
async fn a_batch_of_new_events_is_created_and_a_known_one_is_replayed() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    let events = ["b", "a"].map(event);
    let first = batch(&client, &session, &events).await;
    assert_eq!(keys(first.data(201)), ["appended", "rejected", "replayed", "results"]);
    assert_eq!(counts(first.data(201)), (2, 0, 0));
    assert_eq!(results(first.data(201)), [(0, "b", "appended", ""), (1, "a", "appended", "")]);
    assert_eq!(keys(&first.data(201)["results"][0]), ["eventId", "index", "outcome"]);

    let again = batch(&client, &session, &events).await;
    assert_eq!(counts(again.data(200)), (0, 2, 0));
    let mixed = batch(&client, &session, &["a", "c"].map(event)).await;
    assert_eq!(results(mixed.data(200)), [(0, "a", "replayed", ""), (1, "c", "appended", "")]);
    assert_eq!(client.stored(&session).await["status"], "active");
}

#[tokio::test]
async fn of_duplicates_within_a_batch_the_first_is_stored() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    let other = json!({ "eventId": "a", "type": "system" });
    let answer = batch(&client, &session, &[event("a"), event("a"), other]).await;
    let expected = [(0, "a", "appended", ""), (1, "a", "replayed", ""), (2, "a", "replayed", "EVENT_ID_MISMATCH")];
    assert_eq!(results(answer.data(200)), expected);
    assert_eq!(client.get(&format!("{session}/events/a")).await.data(200)["type"], "user_speech");
}

#[tokio::test]
async fn an_item_that_breaks_a_rule_is_rejected_alone() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    let events = [
        event("good"),
        json!({ "type": "system" }),
        json!({ "eventId": "laugh", "type": "laugh" }),
        json!({ "eventId": "a/b", "type": "system" }),
        json!({ "eventId": "text", "type": "system", "payload": "text" }),
        json!({ "eventId": "typo", "type": "system", "timestmap": "2025-12-25T10:00:00Z" }),
        json!({ "eventId": "future", "type": "system", "timestamp": seconds_from_now(90_000) }),
        json!({ "eventId": "large", "type": "system", "payload": { "t": "x".repeat(256 * 1024) } }),
        json!({ "eventId": { "$ne": 1 }, "type": "system" }),
        json!(7),
        json!(null),
        event("fine"),
    ];
    let answer = batch(&client, &session, &events).await;
    assert_eq!(counts(answer.data(207)), (2, 0, 10));
    let ids = ["good", "", "laugh", "a/b", "text", "typo", "future", "large", "", "", "", "fine"];
    for (at, (index, event_id, outcome, code)) in results(answer.data(207)).into_iter().enumerate() {
        assert_eq!((index, event_id), (at as u64, ids[at]));
        let expected = match event_id {
            "good" | "fine" => ("appended", ""),
            "large" => ("rejected", "PAYLOAD_TOO_LARGE"),
            _ => ("rejected", "INVALID_INPUT"),
        };
        assert_eq!((outcome, code), expected, "item {at}");
        let said = answer.data(207)["results"][at]["message"].as_str().is_some_and(|text| !text.is_empty());
        assert_eq!(said, outcome == "rejected", "item {at}");
    }
    let typo = &answer.data(207)["results"][5]["message"];
    assert!(typo.as_str().is_some_and(|message| message.contains("timestmap")), "{typo}");
    assert_eq!(client.stored(&session).await["pagination"]["total"], 2);
}

#[tokio::test]
async fn under_strict_handling_other_content_is_rejected_alone() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    client.append_all(&session, &[event("a")]).await;
    let body = json!({ "events": [{ "eventId": "a", "type": "system" }, event("a"), event("b")] });
    let answer = client.post_strictly(&format!("{session}/events/batch"), &body).await;
    let expected = [(0, "a", "rejected", "EVENT_ID_MISMATCH"), (1, "a", "replayed", ""), (2, "b", "appended", "")];
    assert_eq!(results(answer.data(207)), expected);
}

#[tokio::test]
async fn a_closed_session_replays_what_it_has_and_rejects_the_rest() {
    let client = Client::shared().await;
    let session = client.opened_an_hour_ago("batch").await;
    client.append_all(&session, &[event("a")]).await;
    let ended = json!({ "endedAt": seconds_from_now(-1800) });
    client.post(&format!("{session}/complete"), &ended).await.data(200);
    let answer = batch(&client, &session, &["b", "a"].map(event)).await;
    assert_eq!(results(answer.data(207)), [(0, "b", "rejected", "SESSION_CLOSED"), (1, "a", "replayed", "")]);
    batch(&client, &session, &[event("a")]).await.data(200);
}

#[tokio::test]
async fn a_missing_session_refuses_the_whole_batch_unless_it_is_created() {
    let client = Client::shared().await;
    let session = format!("/v1/sessions/{}", unique("batch"));
    batch(&client, &session, &[event("a")]).await.refused("SESSION_NOT_FOUND", &[]);
    let path = format!("{session}/events/batch?createSession=true&language=en");
    client.post(&path, &json!({ "events": [event("a")] })).await.data(201);
    assert_eq!(client.stored(&session).await["language"], "en");
}

#[tokio::test]
async fn five_hundred_events_and_four_mebibytes_are_taken_at_once() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    let long = "x".repeat(7_000);
    let events: Vec<Value> = (0..500)
        .map(|n| json!({ "eventId": format!("e{n:03}"), "type": "system", "payload": { "t": long } }))
        .collect();
    let answer = batch(&client, &session, &events).await;
    assert_eq!(counts(answer.data(201)), (500, 0, 0));
    assert_eq!(client.stored(&session).await["pagination"]["total"], 500);
}
