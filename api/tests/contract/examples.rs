//! Section 5 of the contract, line by line and with its own identifiers. Its last line is in `concurrency`.

use serde_json::json;

use super::client::Client;

#[tokio::test]
async fn every_example_of_the_contract_is_answered_as_printed() {
    let client = Client::shared().await;
    let session = json!({ "sessionId": "sess_123", "language": "en-US", "metadata": { "userId": "user_456" } });
    let created = client.post("/v1/sessions", &session).await;
    assert_eq!(created.data(201)["status"], "initiated");
    let again = client.post("/v1/sessions", &session).await;
    assert_eq!(again.data(200)["_id"], created.data(201)["_id"]);
    assert_eq!(again.data(200)["startedAt"], created.data(201)["startedAt"]);

    let event = json!({
        "eventId": "evt_123", "type": "user_speech",
        "payload": { "transcript": "hello" }, "timestamp": "2025-12-25T10:00:00Z",
    });
    let appended = client.post("/v1/sessions/sess_123/events", &event).await;
    let again = client.post("/v1/sessions/sess_123/events", &event).await;
    assert_eq!(again.data(200)["_id"], appended.data(201)["_id"]);

    let read = client.get("/v1/sessions/sess_123?offset=0&limit=50").await;
    let read = read.data(200);
    assert_eq!((&read["status"], read["events"].as_array().map(Vec::len)), (&json!("active"), Some(1)));
    assert_eq!(read["pagination"]["total"], 1);
    assert_eq!(read["pagination"]["hasMore"], false);
    let paged = client.get("/v1/sessions/sess_123?page=1&limit=20").await;
    assert_eq!(paged.data(200)["pagination"]["totalPages"], 1);

    let completed = client.post_nothing("/v1/sessions/sess_123/complete").await;
    assert_eq!(completed.data(200)["status"], "completed");
    assert!(completed.data(200)["endedAt"].is_string());
    let again = client.post_nothing("/v1/sessions/sess_123/complete").await;
    assert_eq!(again.data(200)["endedAt"], completed.data(200)["endedAt"]);

    client.get("/v1/sessions/none").await.refused("SESSION_NOT_FOUND", &[]);
    client.post("/v1/sessions/none/events", &event).await.refused("SESSION_NOT_FOUND", &[]);
    let laugh = json!({ "eventId": "evt_124", "type": "laugh" });
    client.post("/v1/sessions/sess_123/events", &laugh).await.refused("INVALID_INPUT", &["type"]);
}
