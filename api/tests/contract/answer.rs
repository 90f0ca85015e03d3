//! An answer of the service, and what the contract says of every success and every refusal.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The closed set of error codes, with status and whether the same request may succeed later.
const CODES: [(&str, u16, bool); 21] = [
    ("INVALID_INPUT", 400, false),
    ("INVALID_CURSOR", 400, false),
    ("UNAUTHENTICATED", 401, false),
    ("FORBIDDEN", 403, false),
    ("SESSION_NOT_FOUND", 404, false),
    ("EVENT_NOT_FOUND", 404, false),
    ("ROUTE_NOT_FOUND", 404, false),
    ("METHOD_NOT_ALLOWED", 405, false),
    ("SESSION_CLOSED", 409, false),
    ("INVALID_TRANSITION", 409, false),
    ("SESSION_ERASED", 410, false),
    ("PAYLOAD_TOO_LARGE", 413, false),
    ("UNSUPPORTED_MEDIA_TYPE", 415, false),
    ("SESSION_ID_MISMATCH", 422, false),
    ("EVENT_ID_MISMATCH", 422, false),
    ("RATE_LIMIT_EXCEEDED", 429, true),
    ("INTERNAL_SERVER_ERROR", 500, false),
    ("STORE_UNAVAILABLE", 503, true),
    ("OUTCOME_UNKNOWN", 503, true),
    ("OVERLOADED", 503, true),
    ("DEADLINE_EXCEEDED", 504, true),
];

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body as it came.
    pub(super) text: String,
    /// The body as JSON; null when it is none.
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn new(status: u16, headers: HeaderMap, bytes: &[u8]) -> Self {
        let body = serde_json::from_slice(bytes).unwrap_or_default();
        Self { status, headers, text: String::from_utf8_lossy(bytes).into_owned(), body }
    }

    /// A header as text; empty when there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header")).unwrap_or_default()
    }

    /// The data of a success with this status.
    #[track_caller]
    pub(super) fn data(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!((&self.body["success"], &self.body["statusCode"]), (&true.into(), &status.into()), "{}", self.text);
        assert!(is_moment(&self.body["timestamp"]), "{}", self.text);
        assert_eq!(self.header("x-should-retry"), "", "a success says nothing of retries");
        &self.body["data"]
    }

    /// Checks a refusal with this code whose details name exactly these fields.
    #[track_caller]
    pub(super) fn refused(&self, code: &str, fields: &[&str]) {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        let (_, status, retryable) = *known.expect("a code of the closed set");
        let body = &self.body;
        assert_eq!((self.status, &body["errorCode"]), (status, &code.into()), "{}", self.text);
        assert_eq!((&body["success"], &body["statusCode"]), (&false.into(), &status.into()), "{}", self.text);
        assert_eq!(named(body), fields, "{}", self.text);
        assert_eq!(body["retryable"], retryable, "{}", self.text);
        assert_eq!(self.header("x-should-retry") == "false", !retryable, "{:?}", self.headers);
        assert_eq!(self.headers.contains_key("retry-after"), matches!(status, 429 | 503), "{:?}", self.headers);
        assert_eq!(body["requestId"], self.header("x-request-id"), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(is_moment(&body["timestamp"]), "{}", self.text);
        for text in ["message", "error", "path", "method"] {
            assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{text} in {}", self.text);
        }
    }

    /// The fields of the answer's only warning, which has this code; none when it carries no warning.
    #[track_caller]
    pub(super) fn warned(&self, code: &str) -> Vec<&str> {
        let Some(warnings) = self.body.get("warnings") else { return Vec::new() };
        assert_eq!((warnings.as_array().map(Vec::len), &warnings[0]["code"]), (Some(1), &code.into()), "{}", self.text);
        texts(&warnings[0]["fields"])
    }

    /// Whether the answer says that nothing was written.
    pub(super) fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }
}

/// The fields that the details of an error name; an error without details names none.
#[track_caller]
fn named(error: &Value) -> Vec<&str> {
    let Some(details) = error.get("details") else { return Vec::new() };
    let details = details.as_array().expect("details are a list");
    assert!(!details.is_empty(), "details are there only when they say something");
    assert!(details.iter().all(|detail| detail["message"].as_str().is_some_and(|text| !text.is_empty())), "{error}");
    details.iter().map(|detail| detail["field"].as_str().expect("a field")).collect()
}

/// The texts of a JSON array.
#[track_caller]
pub(super) fn texts(array: &Value) -> Vec<&str> {
    array.as_array().expect("an array").iter().map(|text| text.as_str().expect("a text")).collect()
}

/// The member names of a JSON object, sorted.
#[track_caller]
pub(super) fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Whether a value is a time as the contract writes it: UTC with milliseconds.
pub(super) fn is_moment(value: &Value) -> bool {
    let shape = |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    value.as_str().is_some_and(|text| shape(text) == "0000-00-00T00:00:00.000Z")
}
