//! Paths that lead nowhere, and methods that a path does not have.

use reqwest::Method;

use crate::{fixture, suite::client::Client};

#[tokio::test]
async fn a_path_that_no_operation_has_is_an_unknown_route() {
    let client = Client::shared().await;
    let session = client.opened("route").await;
    let paths = [
        "/".to_owned(),
        "/v1".to_owned(),
        "/v1/session".to_owned(),
        "/v2/sessions".to_owned(),
        "/v1/sessions/".to_owned(),
        "/V1/sessions".to_owned(),
        format!("{session}/"),
        format!("{session}/turns"),
        format!("{session}/events/e/payload"),
        "/metrics".to_owned(),
        "/health/dead".to_owned(),
        "/%00".to_owned(),
        "/api/none".to_owned(),
    ];
    for path in paths {
        let answer = client.get(&path).await;
        answer.refused("ROUTE_NOT_FOUND", &[]);
        assert_eq!(answer.body["path"], path);
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_refused_with_those_it_has() {
    let client = Client::shared().await;
    let session = client.opened("method").await;
    let cases = [
        (Method::PUT, "/v1/sessions".to_owned(), vec!["GET", "POST"]),
        (Method::DELETE, "/v1/sessions".to_owned(), vec!["GET", "POST"]),
        (Method::POST, session.clone(), vec!["DELETE", "GET", "PATCH"]),
        (Method::PUT, session.clone(), vec!["DELETE", "GET", "PATCH"]),
        (Method::GET, format!("{session}/complete"), vec!["POST"]),
        (Method::PATCH, format!("{session}/fail"), vec!["POST"]),
        (Method::DELETE, format!("{session}/events"), vec!["GET", "POST"]),
        (Method::DELETE, format!("{session}/events/e"), vec!["GET"]),
        (Method::POST, "/health/live".to_owned(), vec!["GET"]),
        (Method::POST, "/api-json".to_owned(), vec!["GET"]),
        (Method::TRACE, "/version".to_owned(), vec!["GET"]),
        (Method::from_bytes(b"BREW").expect("a method"), "/v1/sessions".to_owned(), vec!["GET", "POST"]),
    ];
    for (method, path, expected) in cases {
        let answer = client.send(client.request(method.clone(), &path)).await;
        answer.refused("METHOD_NOT_ALLOWED", &[]);
        assert_eq!((&answer.body["method"], &answer.body["path"]), (&method.as_str().into(), &path.as_str().into()));
        let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        allowed.retain(|method| !matches!(*method, "HEAD" | "OPTIONS"));
        allowed.sort_unstable();
        assert_eq!(allowed, expected, "{method} {path}");
    }
    assert_eq!(client.stored(&session).await["status"], "initiated");
}

#[tokio::test]
async fn the_management_port_refuses_in_the_same_shape() {
    let client = Client::of_management(fixture::service().await);
    client.get("/v1/sessions").await.refused("ROUTE_NOT_FOUND", &[]);
    client.post_nothing("/metrics").await.refused("METHOD_NOT_ALLOWED", &[]);
}
