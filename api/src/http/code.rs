//! The closed set of error codes, each with its status and what a client may do about it.

use http::StatusCode;
use serde::Serialize;

/// Why a request was refused or failed. The names are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, poem_openapi::Enum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each code is described by `ErrorCode::meaning`, which the OpenAPI document shows too")]
pub enum ErrorCode {
    InvalidInput,
    InvalidCursor,
    Unauthenticated,
    Forbidden,
    SessionNotFound,
    EventNotFound,
    RouteNotFound,
    MethodNotAllowed,
    SessionClosed,
    InvalidTransition,
    SessionErased,
    PayloadTooLarge,
    UnsupportedMediaType,
    SessionIdMismatch,
    EventIdMismatch,
    RateLimitExceeded,
    InternalServerError,
    StoreUnavailable,
    OutcomeUnknown,
    Overloaded,
    DeadlineExceeded,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidInput | Self::InvalidCursor => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::SessionNotFound | Self::EventNotFound | Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SessionClosed | Self::InvalidTransition => StatusCode::CONFLICT,
            Self::SessionErased => StatusCode::GONE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::SessionIdMismatch | Self::EventIdMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::StoreUnavailable | Self::OutcomeUnknown | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimitExceeded
                | Self::StoreUnavailable
                | Self::OutcomeUnknown
                | Self::Overloaded
                | Self::DeadlineExceeded
        )
    }

    /// What the code means, for the OpenAPI document.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::InvalidInput => "the request breaks a rule that `details` names",
            Self::InvalidCursor => "the cursor was changed or belongs to another listing",
            Self::Unauthenticated => "the request carries no valid credential",
            Self::Forbidden => "the credential does not allow this",
            Self::SessionNotFound => "no session has this identifier",
            Self::EventNotFound => "the session has no such event",
            Self::RouteNotFound => "no operation has this path",
            Self::MethodNotAllowed => "the path has no such method; `Allow` names those it has",
            Self::SessionClosed => "the session ended too long ago",
            Self::InvalidTransition => "the session already ended in the other way",
            Self::SessionErased => "the session was erased and its identifier stays refused",
            Self::PayloadTooLarge => "the body, the metadata or a payload is too large",
            Self::UnsupportedMediaType => "the body is not JSON by its Content-Type",
            Self::SessionIdMismatch => "a session with this identifier has other content (strict handling)",
            Self::EventIdMismatch => "an event with this identifier has other content (strict handling)",
            Self::RateLimitExceeded => "too many requests; `Retry-After` says when to try again",
            Self::InternalServerError => "a fault of the service",
            Self::StoreUnavailable => "the store cannot be reached; nothing was written",
            Self::OutcomeUnknown => "the write may have happened; retry with the same identifiers",
            Self::Overloaded => "too much is waiting; nothing was written",
            Self::DeadlineExceeded => "the answer, or the rest of the request, did not come in time",
        }
    }

    /// The code as it stands in answers.
    #[must_use]
    pub fn name(self) -> String {
        use poem_openapi::types::ToJSON;
        self.to_json().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
