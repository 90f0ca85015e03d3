//! Connections: kept open, pipelined, multiplexed, bounded in number and in time.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    client::{Client, event},
    socket::Socket,
};
use crate::fixture;

/// Long enough for an answer on a busy machine, were one to come.
const NO_ANSWER: Duration = Duration::from_millis(500);

fn get(path: &str, request_id: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nx-request-id: {request_id}\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let mut socket = Socket::open(fixture::service().await).await;
    for id in ["first", "second", "third"] {
        socket.send(get("/version", id)).await;
        let answer = socket.answer().await;
        answer.data(200);
        assert_eq!(answer.header("x-request-id"), id);
    }
    // A refusal does not cost the connection either, its body having been read.
    socket.send(post("/v1/sessions", "{broken")).await;
    socket.answer().await.refused("INVALID_INPUT", &["body"]);
    socket.send(post("/nowhere", "{}")).await;
    socket.answer().await.refused("ROUTE_NOT_FOUND", &[]);
    socket.send(post("/v1/sessions", &"x".repeat(2 * 1024 * 1024))).await;
    socket.answer().await.refused("PAYLOAD_TOO_LARGE", &[]);
    socket.send(get("/version", "last")).await;
    assert_eq!(socket.answer().await.header("x-request-id"), "last");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let service = fixture::service().await;
    let session = Client::of(service).opened("pipelined").await;
    let body = event("e").to_string();
    let append = post(&format!("{session}/events"), &body);
    let mut socket = Socket::open(service).await;
    let requests = [append.clone(), append, get(&session, "read"), get("/nowhere", "lost"), get("/version", "end")];
    socket.send(requests.concat()).await;
    socket.answer().await.data(201);
    assert!(socket.answer().await.is_replay());
    assert_eq!(socket.answer().await.data(200)["pagination"]["total"], 1);
    socket.answer().await.refused("ROUTE_NOT_FOUND", &[]);
    assert_eq!(socket.answer().await.header("x-request-id"), "end");
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_rest_of_the_next_request() {
    let mut socket = Socket::open(fixture::service().await).await;
    socket.send(get("/version", "first") + "GET /version HTTP/1.1\r\nhost: a\r\nx-request").await;
    assert_eq!(socket.answer().await.header("x-request-id"), "first");
    socket.send("-id: second\r\n\r\n").await;
    assert_eq!(socket.answer().await.header("x-request-id"), "second");
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_and_not_just_hung_up_on() {
    let service = fixture::service().await;
    // More headers than are taken, in few bytes: a service that closes with bytes unread takes its answer back.
    let large = format!("GET /version HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(200));
    for (head, status) in [("NONSENSE\r\n\r\n", 400), (large.as_str(), 431)] {
        let mut socket = Socket::open(service).await;
        socket.send(head).await;
        assert_eq!(socket.answer().await.status, status);
        socket.closed().await;
    }
}

#[tokio::test]
async fn http_2_is_spoken_without_an_upgrade() {
    let service = fixture::service().await;
    let client = Client::with(service.url(""), reqwest::Client::builder().http2_prior_knowledge());
    let response = client.request(reqwest::Method::GET, "/version").send().await.expect("an answer");
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    let session = client.opened("http2").await;
    let path = format!("{session}/events");
    let bodies: Vec<_> = (0..50).map(|n| event(&format!("e{n}"))).collect();
    for answer in join_all(bodies.iter().map(|body| client.post(&path, body))).await {
        answer.data(201);
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 50);
    client.get("/nowhere").await.refused("ROUTE_NOT_FOUND", &[]);
    let large = json!({ "eventId": "e", "type": "system", "payload": { "t": "x".repeat(2 * 1024 * 1024) } });
    client.post(&path, &large).await.refused("PAYLOAD_TOO_LARGE", &[]);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let service = fixture::dedicated(&[("MAX_CONNECTIONS", "2")]).await;
    let mut served = Vec::new();
    for id in ["first", "second"] {
        let mut socket = Socket::open(&service).await;
        socket.send(get("/version", id)).await;
        socket.answer().await.data(200);
        served.push(socket);
    }
    let mut waiting = Socket::open(&service).await;
    waiting.send(get("/version", "third")).await;
    assert!(waiting.answer_within(NO_ANSWER).await.is_none(), "the third connection is not served yet");
    // The management port has slots of its own: probes do not wait behind clients.
    Client::of_management(&service).get("/health/ready").await.data(200);
    drop(served.pop());
    assert_eq!(waiting.answer().await.header("x-request-id"), "third");
}

#[tokio::test]
async fn a_connection_that_stalls_within_or_between_requests_is_closed() {
    let service = fixture::dedicated(&[("HEADER_READ_TIMEOUT", "300ms")]).await;
    for begun in ["GET /version HTTP/1.1\r\nhost", "GET /version HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut socket = Socket::open(&service).await;
        socket.send(begun).await;
        socket.closed().await;
    }
}

#[tokio::test]
async fn a_connection_that_never_says_enough_is_closed() {
    let service = fixture::dedicated(&[("HEADER_READ_TIMEOUT", "300ms"), ("MAX_CONNECTIONS", "1")]).await;
    // The last is how HTTP/2 begins, and how a POST does.
    for begun in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let mut socket = Socket::open(&service).await;
        socket.send(begun).await;
        socket.closed().await;
    }
}
