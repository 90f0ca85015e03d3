//! What went wrong with a request, on its way from where it was found to the one place that renders and logs it.

use conversation_core::{StoreError, cursor::InvalidCursor, session::InvalidPatch, store::Cause};
use poem_openapi::{
    Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;
use thiserror::Error;

use super::{code::ErrorCode, error_view::ErrorView};

/// One thing that is wrong, by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
#[oai(rename = "ErrorDetail")]
pub struct Detail {
    /// The field, parameter or header at fault.
    #[oai(validator(max_length = 256))]
    pub field: String,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// A refusal or a fault, with its cause for the log.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Problem {
    /// Which of the contract's errors it is.
    pub code: ErrorCode,
    /// The one sentence for the client.
    pub message: String,
    /// What is wrong field by field, where that says more.
    pub details: Vec<Detail>,
    /// The cause, never shown to a client.
    #[source]
    pub cause: Option<Cause>,
}

impl Problem {
    /// A problem without details.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), cause: None }
    }

    /// A problem with one field.
    #[must_use]
    pub fn field(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self {
            details: vec![Detail { field: field.clone(), message: message.clone() }],
            ..Self::new(code, format!("{field} {message}"))
        }
    }

    /// A fault of the service itself.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalServerError, "the service failed")
    }

    fn caused(code: ErrorCode, message: &str, cause: Cause) -> Self {
        Self { cause: Some(cause), ..Self::new(code, message) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        use ErrorCode as Code;
        match error {
            StoreError::SessionNotFound => {
                Self::new(Code::SessionNotFound, "no session has this identifier: create it first")
            }
            StoreError::EventNotFound => {
                Self::new(Code::EventNotFound, "the session has no event with this identifier")
            }
            StoreError::SessionErased => {
                Self::new(Code::SessionErased, "the session was erased: use another identifier")
            }
            StoreError::SessionClosed => {
                Self::new(Code::SessionClosed, "the session has ended: open a new one for what comes later")
            }
            StoreError::InvalidTransition { current } => {
                let current = current.as_str();
                let message = format!("is already {current}, and an end is final");
                Self::field(Code::InvalidTransition, "status", message)
            }
            StoreError::InvalidPatch(invalid) => invalid.into(),
            StoreError::Unavailable(cause) => {
                Self::caused(Code::StoreUnavailable, "the store cannot be reached; nothing was written: retry", cause)
            }
            StoreError::OutcomeUnknown(cause) => Self::caused(
                Code::OutcomeUnknown,
                "the write may have happened: retry with the same identifiers, which is safe",
                cause,
            ),
            StoreError::Overloaded => {
                Self::new(Code::Overloaded, "too much is waiting; nothing was written: retry later")
            }
            StoreError::DeadlineExceeded(cause) => {
                Self::caused(Code::DeadlineExceeded, "the store did not answer in time: retry", cause)
            }
            StoreError::Corrupt(cause) => Self { cause: Some(cause), ..Self::internal() },
        }
    }
}

impl From<InvalidPatch> for Problem {
    fn from(InvalidPatch::Metadata(invalid): InvalidPatch) -> Self {
        let mut faults = super::faults::Faults::default();
        faults.object::<()>("metadata", Err(invalid));
        faults.into()
    }
}

impl From<InvalidCursor> for Problem {
    fn from(invalid: InvalidCursor) -> Self {
        Self::field(ErrorCode::InvalidCursor, "cursor", invalid.to_string())
    }
}

impl poem::error::ResponseError for Problem {
    fn status(&self) -> http::StatusCode {
        self.code.status()
    }
}

/// The operation table says which errors an operation has; this only lends the document their shape.
impl poem_openapi::ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let content = MetaMediaType { content_type: "application/json", schema: ErrorView::schema_ref() };
        let any =
            MetaResponse { description: "", status: None, status_range: None, content: vec![content], headers: vec![] };
        MetaResponses { responses: vec![any] }
    }

    fn register(registry: &mut Registry) {
        ErrorView::register(registry);
    }
}
