//! Changing a session that has not ended, by JSON merge patch.

use serde_json::{Value, json};

use super::client::{Client, unique};

/// A session with metadata; returns its path.
async fn with_metadata(client: &Client, metadata: &Value) -> String {
    let session_id = unique("update");
    let body = json!({ "sessionId": session_id, "language": "en", "metadata": metadata });
    client.post("/v1/sessions", &body).await.data(201);
    format!("/v1/sessions/{session_id}")
}

#[tokio::test]
async fn metadata_is_merged_as_rfc_7396_says() {
    let client = Client::shared().await;
    let before = json!({ "keep": 1, "drop": 2, "deep": { "keep": [1, 2], "drop": null, "change": "a" }, "list": [1] });
    let session = with_metadata(&client, &before).await;
    let patch =
        json!({ "metadata": { "drop": null, "deep": { "change": { "b": 1 } }, "list": [], "new": { "x": null } } });
    let answer = client.patch(&session, &patch).await;
    let expected =
        json!({ "keep": 1, "deep": { "keep": [1, 2], "drop": null, "change": { "b": 1 } }, "list": [], "new": {} });
    assert_eq!(answer.data(200)["metadata"], expected);
    assert_eq!(client.stored(&session).await["metadata"], expected);
}

#[tokio::test]
async fn only_what_is_named_changes() {
    let client = Client::shared().await;
    let session = with_metadata(&client, &json!({ "a": 1 })).await;
    let before = client.stored(&session).await;
    let french = client.patch(&session, &json!({ "language": "fr-CA" })).await;
    assert_eq!((&french.data(200)["language"], &french.data(200)["metadata"]), (&json!("fr-CA"), &json!({ "a": 1 })));
    for field in ["_id", "sessionId", "status", "startedAt", "createdAt", "endedAt"] {
        assert_eq!(french.data(200)[field], before[field], "{field}");
    }
    assert!(french.data(200)["updatedAt"].as_str() >= before["updatedAt"].as_str());
    let nothing = client.patch(&session, &json!({})).await;
    assert_eq!((&nothing.data(200)["language"], &nothing.data(200)["metadata"]), (&json!("fr-CA"), &json!({ "a": 1 })));
}

#[tokio::test]
async fn metadata_that_is_null_is_cleared() {
    let client = Client::shared().await;
    let session = with_metadata(&client, &json!({ "a": 1 })).await;
    assert_eq!(client.patch(&session, &json!({ "metadata": null })).await.data(200)["metadata"], json!({}));
}

#[tokio::test]
async fn a_merge_patch_may_come_under_its_own_media_type() {
    let client = Client::shared().await;
    let session = with_metadata(&client, &json!({})).await;
    let request = client.request(reqwest::Method::PATCH, &session);
    let request = request.header("content-type", "application/merge-patch+json").body(r#"{"metadata":{"a":1}}"#);
    assert_eq!(client.send(request).await.data(200)["metadata"], json!({ "a": 1 }));
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_changed() {
    let client = Client::shared().await;
    for way in ["complete", "fail"] {
        let session = with_metadata(&client, &json!({ "a": 1 })).await;
        client.post_nothing(&format!("{session}/{way}")).await.data(200);
        client.patch(&session, &json!({ "metadata": { "a": 2 } })).await.refused("SESSION_CLOSED", &[]);
        assert_eq!(client.stored(&session).await["metadata"], json!({ "a": 1 }));
    }
}

#[tokio::test]
async fn a_patch_that_breaks_a_rule_changes_nothing() {
    let client = Client::shared().await;
    let session = with_metadata(&client, &json!({ "a": "x".repeat(9_000) })).await;
    let before = client.stored(&session).await;
    let cases = [
        (json!({ "language": null }), "language"),
        (json!({ "language": "en_US" }), "language"),
        (json!({ "language": 7 }), "language"),
        (json!({ "metadata": "text" }), "metadata"),
        (json!({ "metadata": [] }), "metadata"),
        (json!({ "status": "completed" }), "status"),
        (json!([]), "body"),
    ];
    for (patch, field) in cases {
        client.patch(&session, &patch).await.refused("INVALID_INPUT", &[field]);
    }
    let too_large = json!({ "language": "fr", "metadata": { "b": "x".repeat(9_000) } });
    client.patch(&session, &too_large).await.refused("PAYLOAD_TOO_LARGE", &["metadata"]);
    assert_eq!(client.stored(&session).await, before);
    let missing = format!("/v1/sessions/{}", unique("none"));
    client.patch(&missing, &json!({ "language": "fr" })).await.refused("SESSION_NOT_FOUND", &[]);
}
