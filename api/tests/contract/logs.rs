//! The log: one line for each request, with what operators need and nothing that people said.

use std::time::Duration;

use conversation_testkit::{Service, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use crate::fixture;

/// Something that must never be in a log.
const MARKER: &str = "my-card-number-is-4111";

/// The log lines of the request with this id, once it is logged as ended.
async fn lines(service: &Service, request_id: &str) -> Vec<Value> {
    let found = until(Duration::from_secs(30), "the line of a request", async || {
        let log = service.log();
        let parsed = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
        let own: Vec<Value> = parsed.filter(|line| line["span"]["request_id"] == request_id).collect();
        own.iter().any(|line| line["message"] == "request").then_some(own)
    });
    found.await.expect("a line")
}

#[tokio::test]
async fn every_request_leaves_one_line_by_route_and_never_by_path() {
    let service = fixture::dedicated(&[]).await;
    let client = Client::of(&service);
    let session = client.opened("logs").await;
    let batch = format!("{session}/events/batch");
    let cases = [
        (Method::GET, session.as_str(), "/v1/sessions/{sessionId}", 200, Value::Null),
        (Method::DELETE, "/v1/sessions/none", "/v1/sessions/{sessionId}", 404, json!("SESSION_NOT_FOUND")),
        (Method::PUT, &batch, "/v1/sessions/{sessionId}/events/batch", 405, json!("METHOD_NOT_ALLOWED")),
        (Method::GET, "/nowhere", "unmatched", 404, json!("ROUTE_NOT_FOUND")),
        (Method::GET, "/version", "/version", 200, Value::Null),
    ];
    for (at, (method, path, route, status, code)) in cases.into_iter().enumerate() {
        let request_id = format!("logged-{at}");
        client.send(client.request(method.clone(), path).header("x-request-id", &request_id)).await;
        let lines = lines(&service, &request_id).await;
        let [line] = &lines[..] else { panic!("one line, not {lines:?}") };
        assert_eq!((&line["method"], &line["route"]), (&json!(method.as_str()), &json!(route)));
        assert_eq!((&line["status"], line["error_code"].clone()), (&json!(status), code));
        assert!(line["duration_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{line}");
        assert_eq!((&line["tenant"], &line["level"]), (&json!("default"), &json!("INFO")));
        assert!(line["timestamp"].is_string());
    }
}

#[tokio::test]
async fn what_clients_store_or_authenticate_with_is_never_logged() {
    let service = fixture::dedicated(&[("LOG_LEVEL", "info,conversation_api=trace,conversation_store=trace")]).await;
    let client = Client::of(&service);
    let content = json!({ "transcript": MARKER });
    let session = json!({ "sessionId": "s", "language": "en", "metadata": content });
    let event = json!({ "eventId": "e", "type": "system", "payload": content });
    for other in [json!({ "a": 1 }), content.clone()] {
        let other_session = json!({ "sessionId": "s", "language": "en", "metadata": other });
        client.post("/v1/sessions", &session).await;
        client.post_strictly("/v1/sessions", &other_session).await;
        client.post("/v1/sessions/s/events", &event).await;
        let other_event = json!({ "eventId": "e", "type": "system", "payload": other });
        client.post_strictly("/v1/sessions/s/events", &other_event).await;
    }
    client.post("/v1/sessions/s/events/batch", &json!({ "events": [event, { "payload": content }] })).await;
    client.patch("/v1/sessions/s", &json!({ "metadata": { "note": MARKER } })).await;
    client.post_text("/v1/sessions/s/events", format!("{{\"payload\":\"{MARKER}")).await;
    client.post("/v1/sessions/s/events", &json!({ "eventId": "f", "type": MARKER })).await;
    client.post("/v1/sessions/s/fail", &json!({ "reason": MARKER })).await;
    let request = client.request(Method::GET, &format!("/v1/sessions/s?from={MARKER}"));
    let request = request.header("authorization", format!("Bearer {MARKER}")).header("x-request-id", "last");
    client.send(request).await;
    lines(&service, "last").await;
    let log = service.log();
    assert!(!log.contains(MARKER), "{}", log.lines().find(|line| line.contains(MARKER)).unwrap_or_default());
}
