//! What operators and tools ask: health, version, metrics and the API's own documentation.

use serde_json::Value;

use super::{
    answer::keys,
    client::{Client, event},
};
use crate::fixture;

#[tokio::test]
async fn health_is_told_on_both_ports() {
    let service = fixture::service().await;
    for client in [Client::of(service), Client::of_management(service)] {
        for path in ["/health/live", "/health/ready"] {
            assert_eq!(client.get(path).await.data(200)["status"], "ok");
        }
        let health = client.get("/health").await;
        let names = ["cache", "memoryBytes", "status", "store", "uptimeSeconds", "version"];
        assert_eq!(keys(health.data(200)), names);
        assert_eq!(health.data(200)["status"], "ok");
        assert!(health.data(200)["memoryBytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000));
        assert!(health.data(200)["uptimeSeconds"].is_u64());
        assert!(health.data(200)["store"].as_str().is_some_and(|store| !store.is_empty()));
        let version = client.get("/version").await;
        assert_eq!(version.data(200)["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(health.data(200)["version"], version.data(200)["version"]);
        assert!(version.data(200)["commit"].is_string());
    }
}

/// The value of the metric line that begins with `name` and has all these labels; zero when there is none.
fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let fits = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')) && labels.iter().all(|l| line.contains(l))
    };
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a number");
    text.lines().filter(fits).map(value).sum()
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_status() {
    let service = fixture::dedicated(&[]).await;
    let (client, management) = (Client::of(&service), Client::of_management(&service));
    for _ in 0..3 {
        let session = client.opened("metrics").await;
        client.append_all(&session, &[event("e")]).await;
        client.get(&session).await.data(200);
    }
    client.get("/v1/sessions/secret-session-id").await.refused("SESSION_NOT_FOUND", &[]);
    client.get("/secret-path").await.refused("ROUTE_NOT_FOUND", &[]);
    client.send(client.request(reqwest::Method::PUT, "/v1/sessions")).await.refused("METHOD_NOT_ALLOWED", &[]);
    let metrics = management.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("text/plain"), "{:?}", metrics.headers);
    let counted = |method, route, status| {
        let labels = [("http_request_method", method), ("http_route", route), ("http_response_status_code", status)];
        value(&metrics.text, "http_server_request_duration_seconds_count", &labels)
    };
    let expected = [
        ("POST", "/v1/sessions", "201", 3.0),
        ("POST", "/v1/sessions/{sessionId}/events/batch", "201", 3.0),
        ("GET", "/v1/sessions/{sessionId}", "200", 3.0),
        ("GET", "/v1/sessions/{sessionId}", "404", 1.0),
        ("_OTHER", "/v1/sessions", "405", 1.0),
        ("GET", "unmatched", "404", 1.0),
    ];
    for (method, route, status, count) in expected {
        let found = counted(method, route, status);
        assert!((found - count).abs() < 0.5, "{method} {route} {status}: {found} in\n{}", metrics.text);
    }
    assert!(!metrics.text.contains("secret"), "labels are templates, never paths");
    assert!(
        value(&metrics.text, "conversation_store_operation_duration_seconds_count", &[("operation", "append")]) > 2.0
    );
    assert!(value(&metrics.text, "conversation_build_info", &[("version", env!("CARGO_PKG_VERSION"))]) > 0.0);
}

#[tokio::test]
async fn metrics_are_on_the_management_port_only() {
    let service = fixture::service().await;
    Client::of(service).get("/metrics").await.refused("ROUTE_NOT_FOUND", &[]);
    assert_eq!(Client::of_management(service).get("/metrics").await.status, 200);
}

#[tokio::test]
async fn the_document_describes_every_operation_with_its_errors() {
    let client = Client::shared().await;
    let document = client.get("/api-json").await;
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    let operations = [
        ("/v1/sessions", "post"),
        ("/v1/sessions", "get"),
        ("/v1/sessions/{sessionId}", "get"),
        ("/v1/sessions/{sessionId}", "patch"),
        ("/v1/sessions/{sessionId}", "delete"),
        ("/v1/sessions/{sessionId}/complete", "post"),
        ("/v1/sessions/{sessionId}/fail", "post"),
        ("/v1/sessions/{sessionId}/events", "post"),
        ("/v1/sessions/{sessionId}/events", "get"),
        ("/v1/sessions/{sessionId}/events/batch", "post"),
        ("/v1/sessions/{sessionId}/events/batch", "get"),
        ("/v1/sessions/{sessionId}/events/{eventId}", "get"),
        ("/health", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
        ("/version", "get"),
    ];
    let paths = document.body["paths"].as_object().expect("paths");
    assert_eq!(paths.values().filter_map(Value::as_object).map(serde_json::Map::len).sum::<usize>(), operations.len());
    for (path, method) in operations {
        let operation = &document.body["paths"][path][method];
        for text in ["operationId", "summary"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{text} of {method} {path}");
        }
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
        assert!(responses.contains_key("400") && responses.contains_key("500"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_document_is_there_as_yaml_and_as_a_page() {
    let client = Client::shared().await;
    let yaml = client.get("/api-yaml").await;
    assert_eq!((yaml.status, yaml.header("content-type")), (200, "application/yaml"));
    let document: Value = serde_yaml::from_str(&yaml.text).expect("YAML");
    assert_eq!(document, client.get("/api-json").await.body, "both are the same document");
    let page = client.get("/api").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.to_ascii_lowercase().contains("swagger"));
    assert!(page.header("content-security-policy").contains("script-src"), "its script is allowed to run");
}
