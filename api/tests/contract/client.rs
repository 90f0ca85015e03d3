//! A small HTTP client, and what tests say in one word. Every test has a client of its own, since its connections end
//! with the test's runtime.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use conversation_core::{Clock, SystemClock, Timestamp};
use conversation_testkit::Service;
use reqwest::{Method, RequestBuilder, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::answer::Answer;
use crate::fixture;

/// Longer than any answer takes on a busy machine: a test that waits for longer has found a fault.
const PATIENCE: Duration = Duration::from_secs(60);

static IDENTIFIERS: AtomicU32 = AtomicU32::new(0);

/// An identifier that no other test uses.
pub(super) fn unique(name: &str) -> String {
    format!("{name}-{}", IDENTIFIERS.fetch_add(1, Ordering::Relaxed))
}

/// The moment so many seconds from now, as a client would write it.
pub(super) fn seconds_from_now(seconds: i64) -> String {
    Timestamp::from_millis(SystemClock.now().as_millis() + seconds * 1000).to_string()
}

/// An event without a payload.
pub(super) fn event(event_id: &str) -> Value {
    json!({ "eventId": event_id, "type": "user_speech" })
}

/// Talks to one service.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// A client of the service that the tests share.
    pub(super) async fn shared() -> Self {
        Self::of(fixture::service().await)
    }

    /// A client of the public port.
    pub(super) fn of(service: &Service) -> Self {
        Self::with(service.url(""), reqwest::Client::builder())
    }

    /// A client of the management port.
    pub(super) fn of_management(service: &Service) -> Self {
        Self::with(service.management_url(""), reqwest::Client::builder())
    }

    /// A client with an HTTP stack of its own making. It decodes nothing, so that tests see what went over the wire.
    pub(super) fn with(url: String, http: reqwest::ClientBuilder) -> Self {
        let http = http.no_gzip().no_brotli().no_zstd().no_proxy().timeout(PATIENCE);
        Self { http: http.build().expect("a client"), url }
    }

    /// A request to be completed by the test; the path may carry a query.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer::new(status, headers, &response.bytes().await.expect("a body"))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A POST without a body.
    pub(super) async fn post_nothing(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// A POST whose body is this text, announced as JSON whether it is or not.
    pub(super) async fn post_text(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request(Method::POST, path).header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// A POST under `Prefer: handling=strict`.
    pub(super) async fn post_strictly(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("prefer", "handling=strict").json(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Creates a session with an identifier of its own, and returns its path.
    pub(super) async fn opened(&self, name: &str) -> String {
        let session_id = unique(name);
        let session = json!({ "sessionId": session_id, "language": "en-US" });
        self.post("/v1/sessions", &session).await.data(201);
        format!("/v1/sessions/{session_id}")
    }

    /// Creates a session that began an hour ago, so that its end may lie in the past; returns its path.
    pub(super) async fn opened_an_hour_ago(&self, name: &str) -> String {
        let session_id = unique(name);
        let session = json!({ "sessionId": session_id, "language": "en-US", "startedAt": seconds_from_now(-3600) });
        self.post("/v1/sessions", &session).await.data(201);
        format!("/v1/sessions/{session_id}")
    }

    /// Appends events that must all be new.
    pub(super) async fn append_all(&self, session: &str, events: &[Value]) {
        self.post(&format!("{session}/events/batch"), &json!({ "events": events })).await.data(201);
    }

    /// The stored session, with the first page of its events.
    pub(super) async fn stored(&self, session: &str) -> Value {
        self.get(session).await.data(200).clone()
    }
}
