//! The table of operations: for each, the query parameters it knows and the errors it may answer.
//! Requests are checked against it and the OpenAPI document is completed from it, so the two cannot differ.

use std::{collections::HashMap, sync::LazyLock};

use poem::{PathPattern, Request, Response};

use super::code::ErrorCode::{self, *};

/// One query parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it may be given more than once.
    pub repeatable: bool,
    /// Whether an empty value means something.
    pub may_be_empty: bool,
    /// Its JSON Schema.
    pub schema: &'static str,
    /// What it does.
    pub description: &'static str,
}

/// One operation of the service.
#[derive(Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: &'static str,
    /// The query parameters that it knows.
    pub parameters: &'static [Parameter],
    /// The errors that it shares with all of its sort.
    pub common_errors: &'static [ErrorCode],
    /// The errors of its own.
    pub own_errors: &'static [ErrorCode],
    /// Whether it heeds `Prefer: handling=strict`.
    pub strict: bool,
}

impl Operation {
    /// The errors that it may answer.
    pub fn errors(&self) -> impl Iterator<Item = ErrorCode> {
        self.common_errors.iter().chain(self.own_errors).copied()
    }

    /// What to say of a parameter that it does not know.
    #[must_use]
    pub fn unknown_parameter(&self) -> String {
        if self.parameters.is_empty() {
            return "is not known here: this operation takes no query parameters".to_owned();
        }
        let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        format!("is not known here: use {}", known.join(", "))
    }
}

const fn parameter(name: &'static str, schema: &'static str, description: &'static str) -> Parameter {
    Parameter { name, repeatable: false, may_be_empty: false, schema, description }
}

const MOMENT: &str = r#"{"type":"string","format":"date-time"}"#;
const ORDER: &str = r#"{"type":"string","enum":["asc","desc"]}"#;
const LANGUAGE: &str = r#"{"type":"string","minLength":1,"maxLength":35,"example":"en-US"}"#;
const LIMIT: Parameter = parameter(
    "limit",
    r#"{"type":"integer","format":"int32","minimum":1,"maximum":500,"default":50}"#,
    "The most items on the page.",
);
const CURSOR: Parameter = Parameter {
    may_be_empty: true,
    ..parameter(
        "cursor",
        r#"{"type":"string","maxLength":512}"#,
        "Continues behind the page whose `nextCursor` it was; empty to begin a walk. Fits only the listing it came from: the same session, order and filters.",
    )
};

const EVENT_PAGE: &[Parameter] = &[
    LIMIT,
    parameter(
        "offset",
        r#"{"type":"integer","format":"int32","minimum":0,"maximum":10000}"#,
        "Skips so many events; 0 when left out. Not together with `page` or `cursor`.",
    ),
    parameter(
        "page",
        r#"{"type":"integer","format":"int32","minimum":1,"maximum":10001}"#,
        "The page of `limit` events, from 1; it may begin behind at most 10 000 events. Not together with `offset` or `cursor`.",
    ),
    CURSOR,
    parameter("order", ORDER, "By (`timestamp`, `eventId`): `asc`, the default, is oldest first."),
    Parameter {
        repeatable: true,
        ..parameter(
            "type",
            r#"{"type":"array","items":{"type":"string","enum":["user_speech","bot_speech","system"]}}"#,
            "Only events of this type; repeat it for several.",
        )
    },
    parameter("from", MOMENT, "Only events at or after this moment."),
    parameter("to", MOMENT, "Only events before this moment."),
    parameter("include", r#"{"type":"string","enum":["total"]}"#, "`total` adds the counts to a cursor walk."),
];

const SESSION_PAGE: &[Parameter] = &[
    LIMIT,
    CURSOR,
    parameter(
        "status",
        r#"{"type":"string","enum":["initiated","active","completed","failed"]}"#,
        "Only sessions with this status.",
    ),
    parameter("language", LANGUAGE, "Only sessions in this language, compared as written."),
    parameter("from", MOMENT, "Only sessions started at or after this moment."),
    parameter("to", MOMENT, "Only sessions started before this moment."),
    parameter("order", ORDER, "By `startedAt`: `desc`, the default, is newest first."),
];

const APPEND: &[Parameter] = &[
    parameter(
        "createSession",
        r#"{"type":"boolean","default":false}"#,
        "Creates the session in the same call if it is missing; needs `language`.",
    ),
    parameter("language", LANGUAGE, "The language of a session that `createSession` creates."),
];

/// What any request with a body may meet.
const WRITE: &[ErrorCode] = &[
    InvalidInput,
    SessionErased,
    PayloadTooLarge,
    UnsupportedMediaType,
    InternalServerError,
    StoreUnavailable,
    OutcomeUnknown,
    Overloaded,
    DeadlineExceeded,
];
/// What any read may meet.
const READ: &[ErrorCode] = &[InvalidInput, InternalServerError, StoreUnavailable, Overloaded, DeadlineExceeded];
/// What any question about the process itself may meet.
const PROBE: &[ErrorCode] = &[InvalidInput, InternalServerError];

const fn operation(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    parameters: &'static [Parameter],
    common_errors: &'static [ErrorCode],
    own_errors: &'static [ErrorCode],
) -> Operation {
    Operation { id, method, path, parameters, common_errors, own_errors, strict: false }
}

/// Every operation of the public port.
pub static OPERATIONS: &[Operation] = &[
    Operation { strict: true, ..operation("createSession", "POST", "/v1/sessions", &[], WRITE, &[SessionIdMismatch]) },
    operation("listSessions", "GET", "/v1/sessions", SESSION_PAGE, READ, &[InvalidCursor]),
    operation(
        "getSession",
        "GET",
        "/v1/sessions/{sessionId}",
        EVENT_PAGE,
        READ,
        &[InvalidCursor, SessionNotFound, SessionErased],
    ),
    operation("updateSession", "PATCH", "/v1/sessions/{sessionId}", &[], WRITE, &[SessionNotFound, SessionClosed]),
    operation("eraseSession", "DELETE", "/v1/sessions/{sessionId}", &[], READ, &[SessionNotFound, OutcomeUnknown]),
    operation(
        "completeSession",
        "POST",
        "/v1/sessions/{sessionId}/complete",
        &[],
        WRITE,
        &[SessionNotFound, InvalidTransition],
    ),
    operation(
        "failSession",
        "POST",
        "/v1/sessions/{sessionId}/fail",
        &[],
        WRITE,
        &[SessionNotFound, InvalidTransition],
    ),
    Operation {
        strict: true,
        ..operation(
            "appendEvent",
            "POST",
            "/v1/sessions/{sessionId}/events",
            APPEND,
            WRITE,
            &[SessionNotFound, SessionClosed, EventIdMismatch],
        )
    },
    operation(
        "listEvents",
        "GET",
        "/v1/sessions/{sessionId}/events",
        EVENT_PAGE,
        READ,
        &[InvalidCursor, SessionNotFound, SessionErased],
    ),
    Operation {
        strict: true,
        ..operation("appendEvents", "POST", "/v1/sessions/{sessionId}/events/batch", APPEND, WRITE, &[SessionNotFound])
    },
    operation(
        "getEvent",
        "GET",
        "/v1/sessions/{sessionId}/events/{eventId}",
        &[],
        READ,
        &[SessionNotFound, SessionErased, EventNotFound],
    ),
    // An event may be called "batch", and the path of batches would hide it.
    operation(
        "getEventCalledBatch",
        "GET",
        "/v1/sessions/{sessionId}/events/batch",
        &[],
        READ,
        &[SessionNotFound, SessionErased, EventNotFound],
    ),
    operation("getHealth", "GET", "/health", &[], PROBE, &[StoreUnavailable]),
    operation("getLiveness", "GET", "/health/live", &[], PROBE, &[]),
    operation("getReadiness", "GET", "/health/ready", &[], PROBE, &[StoreUnavailable]),
    operation("getVersion", "GET", "/version", &[], PROBE, &[]),
];

/// Paths that are read by people and tools, and are not operations of the API.
pub const PAGES: [&str; 4] = ["/api", "/api-json", "/api-yaml", "/metrics"];

/// Each path by the pattern that poem calls it: `/a/{b}` is `/a/:param0`.
static PATHS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let paths = OPERATIONS.iter().map(|operation| operation.path).chain(PAGES);
    paths.map(|path| (pattern_of(path), path)).collect()
});

fn pattern_of(path: &str) -> String {
    let mut parameters = 0..;
    let segment = |segment: &str| match segment.starts_with('{') {
        true => format!(":param{}", parameters.next().unwrap_or(0)),
        false => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The operation that a routed request is for.
///
/// # Panics
/// When a handler has no row in the table, which a test rules out.
#[must_use]
pub fn of(request: &Request) -> &'static Operation {
    let path = template(request.data::<PathPattern>()).unwrap_or_default();
    let method = request.method().as_str();
    let found = OPERATIONS.iter().find(|operation| operation.method == method && operation.path == path);
    found.expect("every handler has a row in the table of operations")
}

/// The path template that answered, for logs and metrics; none when no route matched.
#[must_use]
pub fn template(pattern: Option<&PathPattern>) -> Option<&'static str> {
    PATHS.get(pattern?.0.as_ref()).copied()
}

/// The methods that a path has, for `Allow`.
#[must_use]
pub fn methods(path: &str) -> Vec<&'static str> {
    if PAGES.contains(&path) {
        return vec!["GET"];
    }
    OPERATIONS.iter().filter(|operation| operation.path == path).map(|operation| operation.method).collect()
}

/// The pattern that answered, from where poem leaves it.
#[must_use]
pub fn pattern(answer: &Result<Response, poem::Error>) -> Option<&PathPattern> {
    match answer {
        Ok(response) => response.data::<PathPattern>(),
        Err(error) => error.data::<PathPattern>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_schemas_are_json() {
        for parameter in OPERATIONS.iter().flat_map(|operation| operation.parameters) {
            assert!(serde_json::from_str::<serde_json::Value>(parameter.schema).is_ok(), "{}", parameter.name);
        }
    }

    #[test]
    fn a_template_is_found_by_its_own_pattern_only() {
        let template = |pattern: &str| template(Some(&PathPattern(pattern.into())));
        assert_eq!(template("/v1/sessions/:param0/events"), Some("/v1/sessions/{sessionId}/events"));
        assert_eq!(template("/v1/sessions/:param0/events/:param1"), Some("/v1/sessions/{sessionId}/events/{eventId}"));
        assert_eq!(template("/v1/sessions/:param0/events/batch"), Some("/v1/sessions/{sessionId}/events/batch"));
        assert_eq!(template("/v1/:param0"), None);
    }
}
