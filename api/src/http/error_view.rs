//! The one shape of every error.

use conversation_core::Timestamp;
use http::{HeaderValue, header};
use poem::Response;
use poem_openapi::Object;
use serde::Serialize;

use super::{
    code::ErrorCode,
    json,
    problem::{Detail, Problem},
    wire::Moment,
};

/// An error.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Error", rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct ErrorView {
    /// Always false.
    pub success: bool,
    /// The HTTP status.
    pub status_code: u16,
    /// Which error it is; the set is closed.
    pub error_code: ErrorCode,
    /// The status in words.
    pub error: String,
    /// What is wrong and what to do about it.
    pub message: String,
    /// The same by field, where that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Vec<Detail>>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The path of the request.
    pub path: String,
    /// The method of the request.
    pub method: String,
    /// The request's id, which is in every log line about it.
    pub request_id: String,
    /// When the answer was given.
    pub timestamp: Moment,
}

/// What an error repeats of its request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: http::Method,
    /// The path.
    pub path: String,
    /// The request's id.
    pub request_id: HeaderValue,
}

/// Renders a problem as the answer to a request.
#[must_use]
pub fn render(problem: Problem, asked: &Asked, now: Timestamp) -> Response {
    let Problem { code, message, details, cause: _ } = problem;
    let status = code.status();
    let view = ErrorView {
        success: false,
        status_code: status.as_u16(),
        error_code: code,
        error: status.canonical_reason().unwrap_or_default().to_owned(),
        message,
        details: (!details.is_empty()).then_some(details),
        retryable: code.retryable(),
        path: asked.path.clone(),
        method: asked.method.to_string(),
        request_id: String::from_utf8_lossy(asked.request_id.as_bytes()).into_owned(),
        timestamp: now.into(),
    };
    let mut response = json::response(status, &view);
    let headers = response.headers_mut();
    if !code.retryable() {
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    if matches!(status.as_u16(), 429 | 503) {
        headers.insert(header::RETRY_AFTER, retry_after());
    }
    response
}

/// One to three seconds: spread, so that clients that were refused together do not come back together.
fn retry_after() -> HeaderValue {
    let spread = uuid::Uuid::now_v7().as_bytes()[15] % 3;
    HeaderValue::from(u16::from(spread) + 1)
}
