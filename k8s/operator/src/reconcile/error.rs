//! Why an object could not be reconciled.

use kube::core::Status;

use crate::{kinds::Kind, migration::Trouble};

/// Why an object could not be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name of an object is taken by one that belongs to somebody else.
    #[error(
        "{} {name} exists and belongs to {holder}; delete it, or give this object another name",
        kind.row().name
    )]
    Taken {
        /// The kind.
        kind: Kind,
        /// The name.
        name: String,
        /// Who has it.
        holder: String,
    },
    /// The API server refused to write an object.
    #[error("{} {name} was refused: {}", kind.row().name, status.message)]
    Refused {
        /// The kind.
        kind: Kind,
        /// The name.
        name: String,
        /// What it said.
        status: Box<Status>,
    },
    /// An object is another one by now than the copy of it that was worked with. Nothing is wrong; it is looked at anew.
    #[error("{} {name} has changed meanwhile", kind.row().name)]
    Moved {
        /// The kind.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// The API server could not be asked.
    #[error("the API server could not be asked: {}", causes(&**.0))]
    Api(#[source] Box<kube::Error>),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

impl Error {
    /// What went wrong with writing an object.
    pub(super) fn writing(kind: Kind, name: &str, error: kube::Error) -> Self {
        let name = name.to_owned();
        match error {
            kube::Error::Api(status) if status.code == 409 && status.message.contains("conflict") => {
                Self::Taken { kind, name, holder: holder(&status) }
            }
            // What passes by itself is none: too many requests, an etcd without a leader, a webhook that took too long.
            kube::Error::Api(status) if ![429, 503, 504].contains(&status.code) => Self::Refused { kind, name, status },
            error => error.into(),
        }
    }

    /// In one word, for metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "NameTaken",
            Self::Refused { status, .. } if status.code == 403 && is_quota(&status.message) => "QuotaExceeded",
            Self::Refused { status, .. } if status.code == 403 => "Forbidden",
            Self::Refused { .. } => "Refused",
            Self::Moved { .. } => "Moved",
            Self::Api(_) => "ApiUnavailable",
        }
    }

    /// Whether it is nothing to tell anybody of.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Moved { .. })
    }

    /// Whether it may have passed when it is tried again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Api(_))
    }

    /// As a condition says it.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        Trouble::new(self.reason(), self.to_string())
    }
}

/// Whether it was a quota that refused something.
pub(super) fn is_quota(message: &str) -> bool {
    message.contains("quota")
}

/// An error with its causes, which the libraries leave to whoever prints it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some say their cause themselves.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// Who owns the fields that are in conflict: `conflict with "kubectl-create" using apps/v1: .spec.replicas`.
fn holder(status: &Status) -> String {
    status.message.split('"').nth(1).map_or("somebody else".to_owned(), |manager| format!("field manager {manager}"))
}
