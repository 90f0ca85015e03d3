//! What is too large, too deep or too slow.

use serde_json::{Value, json};

use crate::{
    fixture,
    suite::{
        client::{Client, unique},
        socket::Socket,
    },
};

const MEBIBYTE: usize = 1024 * 1024;

/// An object that nests so deeply, itself included.
fn nested(levels: usize) -> Value {
    (1..levels)
        .fold(json!({}), |inner, level| if level % 2 == 0 { json!({ "a": inner }) } else { json!({ "b": [inner] }) })
}

/// As deep as [`nested`], by objects alone.
fn boxed(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
}

/// An object of exactly so many bytes of JSON.
fn sized(bytes: usize) -> Value {
    json!({ "t": "x".repeat(bytes - r#"{"t":""}"#.len()) })
}

fn create(metadata: &Value) -> Value {
    json!({ "sessionId": unique("size"), "language": "en", "metadata": metadata })
}

fn append(payload: &Value) -> Value {
    json!({ "eventId": unique("size"), "type": "system", "payload": payload })
}

#[tokio::test]
async fn nesting_is_taken_to_the_thirty_second_level() {
    let client = Client::shared().await;
    let events = format!("{}/events", client.opened("nesting").await);
    let accepted = client.post(&events, &append(&boxed(32))).await;
    assert_eq!(accepted.data(201)["payload"], boxed(32));
    client.post("/v1/sessions", &create(&boxed(32))).await.data(201);
    for depth in [33, 100] {
        client.post(&events, &append(&boxed(depth))).await.refused("INVALID_INPUT", &["payload"]);
        client.post("/v1/sessions", &create(&boxed(depth))).await.refused("INVALID_INPUT", &["metadata"]);
    }
    let bottomless = format!(
        r#"{{"eventId":"e","type":"system","payload":{}1{}}}"#,
        r#"{"a":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    client.post_text(&events, bottomless).await.refused("INVALID_INPUT", &["payload"]);
    // Arrays are levels too: sixteen steps of an object and an array around an object.
    client.post(&events, &append(&nested(40))).await.refused("INVALID_INPUT", &["payload"]);
}

#[tokio::test]
async fn metadata_is_taken_to_16_kib_and_a_payload_to_256() {
    let client = Client::shared().await;
    let events = format!("{}/events", client.opened("size").await);
    client.post("/v1/sessions", &create(&sized(16 * 1024))).await.data(201);
    let kept = client.post(&events, &append(&sized(256 * 1024))).await;
    assert_eq!(kept.data(201)["payload"], sized(256 * 1024));
    for bytes in [16 * 1024 + 1, 17 * 1024] {
        client.post("/v1/sessions", &create(&sized(bytes))).await.refused("PAYLOAD_TOO_LARGE", &["metadata"]);
    }
    for bytes in [256 * 1024 + 1, 1_000_000] {
        client.post(&events, &append(&sized(bytes))).await.refused("PAYLOAD_TOO_LARGE", &["payload"]);
    }
}

#[tokio::test]
async fn a_body_larger_than_a_mebibyte_is_refused_however_it_is_sent() {
    let client = Client::shared().await;
    let session = client.opened("size").await;
    let body = append(&sized(2 * MEBIBYTE)).to_string();
    for path in [format!("{session}/events"), "/v1/sessions".to_owned(), format!("{session}/complete")] {
        client.post_text(&path, body.clone()).await.refused("PAYLOAD_TOO_LARGE", &[]);
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            body.as_bytes().chunks(64 * 1024).map(|piece| Ok(piece.to_vec())).collect();
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        client.post_text(&path, chunked).await.refused("PAYLOAD_TOO_LARGE", &[]);
    }
    assert_eq!(client.stored(&session).await["status"], "initiated");
}

#[tokio::test]
async fn a_batch_may_have_four_mebibytes_and_no_more() {
    let client = Client::shared().await;
    let path = format!("{}/events/batch", client.opened("size").await);
    let events = |count: usize| json!({ "events": (0..count).map(|_| append(&sized(200_000))).collect::<Vec<_>>() });
    client.post(&path, &events(20)).await.data(201);
    client.post(&path, &events(22)).await.refused("PAYLOAD_TOO_LARGE", &[]);
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let service = fixture::service().await;
    let mut socket = Socket::open(service).await;
    let head = format!("POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n", 2 * MEBIBYTE);
    socket.send(head + "content-type: application/json\r\nexpect: 100-continue\r\n\r\n").await;
    socket.answer().await.refused("PAYLOAD_TOO_LARGE", &[]);
}

#[tokio::test]
async fn a_body_too_large_to_be_thrown_away_is_refused_unread() {
    let mut socket = Socket::open(fixture::service().await).await;
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    socket.send(format!("{head}content-length: {}\r\n\r\n{{", 1024 * MEBIBYTE)).await;
    socket.answer().await.refused("PAYLOAD_TOO_LARGE", &[]);
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let service = fixture::dedicated(&[("BODY_READ_TIMEOUT", "300ms")]).await;
    let session = Client::of(&service).opened("stall").await;
    for framing in ["content-length: 100\r\n\r\n{\"eventId\"", "transfer-encoding: chunked\r\n\r\n5\r\n{\"eve\r\n"] {
        let mut socket = Socket::open(&service).await;
        let head = format!("POST {session}/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n");
        socket.send(head + framing).await;
        socket.answer().await.refused("DEADLINE_EXCEEDED", &[]);
    }
    assert_eq!(Client::of(&service).stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn the_bounds_are_settings() {
    let settings = [
        ("MAX_BODY_BYTES", "2000"),
        ("MAX_PAYLOAD_BYTES", "100"),
        ("MAX_METADATA_BYTES", "50"),
        ("MAX_NESTING", "2"),
        ("MAX_BATCH_BODY_BYTES", "3000"),
        ("MAX_CLOCK_SKEW", "10s"),
    ];
    let service = fixture::dedicated(&settings).await;
    let client = Client::of(&service);
    let session = client.opened("bounds").await;
    let events = format!("{session}/events");
    client.post(&events, &append(&sized(100))).await.data(201);
    client.post(&events, &append(&sized(101))).await.refused("PAYLOAD_TOO_LARGE", &["payload"]);
    client.post("/v1/sessions", &create(&sized(51))).await.refused("PAYLOAD_TOO_LARGE", &["metadata"]);
    client.post(&events, &append(&boxed(3))).await.refused("INVALID_INPUT", &["payload"]);
    client.post(&events, &append(&sized(2000))).await.refused("PAYLOAD_TOO_LARGE", &[]);
    let batch = json!({ "events": vec![append(&sized(100)); 30] });
    client.post(&format!("{events}/batch"), &batch).await.refused("PAYLOAD_TOO_LARGE", &[]);
    let ahead = json!({ "eventId": "e", "type": "system", "timestamp": crate::suite::client::seconds_from_now(60) });
    client.post(&events, &ahead).await.refused("INVALID_INPUT", &["timestamp"]);
}
