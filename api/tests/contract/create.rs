//! Creating a session, or getting it.

use serde_json::{Value, json};

use super::{
    answer::{Answer, is_moment, keys},
    client::{Client, event, seconds_from_now, unique},
};

async fn create(client: &Client, session: &Value) -> Answer {
    client.post("/v1/sessions", session).await
}

#[tokio::test]
async fn a_new_session_has_every_field_with_its_default() {
    let session_id = unique("create");
    let answer = create(&Client::shared().await, &json!({ "sessionId": session_id, "language": "en-US" })).await;
    let session = answer.data(201);
    assert!(!answer.is_replay());
    let times = ["createdAt", "endReason", "endedAt", "language", "metadata", "sessionId", "startedAt", "status"];
    assert_eq!(keys(session), [&["_id"], &times[..], &["updatedAt"]].concat());
    assert!(session["_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!((&session["sessionId"], &session["language"]), (&json!(session_id), &json!("en-US")));
    assert_eq!((&session["status"], &session["metadata"]), (&json!("initiated"), &json!({})));
    assert_eq!((&session["endedAt"], &session["endReason"]), (&Value::Null, &Value::Null));
    assert!(is_moment(&session["startedAt"]) && is_moment(&session["createdAt"]));
    assert_eq!(session["createdAt"], session["updatedAt"]);
}

#[tokio::test]
async fn what_is_given_is_kept_with_times_in_utc() {
    let body = json!({
        "sessionId": unique("create"), "language": "zh-Hant-TW", "status": "active",
        "startedAt": "2025-12-25T12:30:00.1239+02:30", "metadata": { "userId": "user_456", "n": [1, null] },
    });
    let answer = create(&Client::shared().await, &body).await;
    let session = answer.data(201);
    assert_eq!((&session["language"], &session["status"]), (&body["language"], &body["status"]));
    assert_eq!((&session["metadata"], &session["startedAt"]), (&body["metadata"], &json!("2025-12-25T10:00:00.123Z")));
}

#[tokio::test]
async fn a_repeated_create_answers_the_stored_session_unchanged() {
    let client = Client::shared().await;
    let body = json!({ "sessionId": unique("create"), "language": "en", "metadata": { "a": 1 } });
    let first = create(&client, &body).await;
    for _ in 0..2 {
        let again = create(&client, &body).await;
        assert_eq!(again.data(200), first.data(201));
        assert!(again.is_replay());
        assert!(again.warned("SESSION_ID_MISMATCH").is_empty());
    }
}

#[tokio::test]
async fn a_repeated_create_does_not_turn_a_session_back() {
    let client = Client::shared().await;
    let body = json!({ "sessionId": unique("create"), "language": "en" });
    create(&client, &body).await.data(201);
    let path = format!("/v1/sessions/{}", body["sessionId"].as_str().expect("an id"));
    client.post(&format!("{path}/events"), &event("e")).await.data(201);
    let completed = client.post_nothing(&format!("{path}/complete")).await;
    let again = create(&client, &body).await;
    assert_eq!(again.data(200), completed.data(200));
    assert!(again.warned("SESSION_ID_MISMATCH").is_empty());
}

#[tokio::test]
async fn the_first_write_wins_and_the_difference_is_named() {
    let client = Client::shared().await;
    let session_id = unique("create");
    let started = "2025-12-25T10:00:00.000Z";
    let body = json!({ "sessionId": session_id, "language": "en", "startedAt": started, "metadata": { "a": 1 } });
    let first = create(&client, &body).await;
    let other = json!({
        "sessionId": session_id, "language": "fr", "status": "completed",
        "startedAt": "2025-12-25T10:00:01Z", "endedAt": "2025-12-25T10:00:02Z", "metadata": { "a": 2 },
    });
    let replayed = create(&client, &other).await;
    assert_eq!(replayed.data(200), first.data(201));
    assert!(replayed.is_replay());
    let fields = ["language", "status", "startedAt", "endedAt", "metadata"];
    assert_eq!(replayed.warned("SESSION_ID_MISMATCH"), fields);

    let refused = client.post_strictly("/v1/sessions", &other).await;
    refused.refused("SESSION_ID_MISMATCH", &fields);
    assert_eq!(create(&client, &body).await.data(200), first.data(201), "nothing was changed");
}

#[tokio::test]
async fn only_given_fields_are_compared_and_by_value() {
    let client = Client::shared().await;
    let session_id = unique("create");
    let body = json!({ "sessionId": session_id, "language": "en", "metadata": { "a": 1, "b": [2.5, "é"] } });
    let first = create(&client, &body).await;
    let same = [
        json!({ "sessionId": session_id, "language": "en" }).to_string(),
        format!(r#"{{"metadata":{{ "b":[25e-1,"\u00e9"],"a":1.0}},"language":"en","sessionId":"{session_id}"}}"#),
    ];
    for text in same {
        let replayed = client.post_text("/v1/sessions", text.clone()).await;
        assert_eq!(replayed.data(200), first.data(201), "{text}");
        assert!(replayed.warned("SESSION_ID_MISMATCH").is_empty(), "{text}");
        let request = client.request(reqwest::Method::POST, "/v1/sessions").header("prefer", "handling=strict");
        client.send(request.header("content-type", "application/json").body(text)).await.data(200);
    }
}

#[tokio::test]
async fn history_is_imported_with_any_status() {
    let client = Client::shared().await;
    for status in ["initiated", "active", "completed", "failed"] {
        let body = json!({ "sessionId": unique("import"), "language": "en", "status": status });
        let answer = create(&client, &body).await;
        let session = answer.data(201);
        assert_eq!(session["status"], status);
        let ended = matches!(status, "completed" | "failed");
        assert_eq!(is_moment(&session["endedAt"]), ended, "an end that is not given is now");
        assert_eq!(session["endedAt"].is_null(), !ended);
    }
    let (started, ended) = (seconds_from_now(-7200), seconds_from_now(-3600));
    let body = json!({
        "sessionId": unique("import"), "language": "en", "status": "failed", "startedAt": started, "endedAt": ended,
    });
    let answer = create(&client, &body).await;
    let session = answer.data(201);
    assert_eq!((&session["startedAt"], &session["endedAt"]), (&json!(started), &json!(ended)));
}

#[tokio::test]
async fn an_end_is_only_for_a_session_that_has_ended() {
    let client = Client::shared().await;
    let ended = seconds_from_now(-1);
    for status in [json!(null), json!("initiated"), json!("active")] {
        let mut body = json!({ "sessionId": unique("create"), "language": "en", "endedAt": ended });
        if !status.is_null() {
            body["status"] = status;
        }
        create(&client, &body).await.refused("INVALID_INPUT", &["endedAt"]);
    }
}
