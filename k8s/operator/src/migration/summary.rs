//! What the migrator says at its end, by the termination message of its container.

use serde::Deserialize;

use crate::api;

/// What the migrator found or did.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct Summary {
    /// How it went: clean, pending, drift, blocked or error.
    pub outcome: String,
    /// What went wrong, if it is error.
    pub error: Option<String>,
    /// The version of the release's schema.
    pub schema_version: Option<i64>,
    /// The checksum of the release's schema.
    pub schema_checksum: Option<String>,
    /// What approves the steps.
    pub approval: String,
    /// The steps.
    pub steps: Vec<api::Step>,
    /// Which of them cannot be taken back.
    pub destructive: Vec<String>,
    /// What is otherwise than declared.
    pub drift: Vec<api::Drift>,
    /// What a person must decide first.
    pub blocked: Vec<api::Drift>,
    /// Whether the schema is one of a newer release.
    pub newer: bool,
    /// How much was left out to fit into the message.
    pub omitted: i64,
}

impl Summary {
    /// What follows from it: clean, pending, drift, blocked, or newer when a newer release has been here. That is how it is
    /// while a release is taken back, and then the pods' own readiness decides whether they can live with it.
    #[must_use]
    pub fn verdict(&self) -> &str {
        match self.outcome.as_str() {
            "blocked" if self.newer => "newer",
            // The migrator tells the gravest; what matters here is whether there is something to do.
            "drift" if !self.steps.is_empty() => "pending",
            outcome => outcome,
        }
    }

    /// Reads a termination message; a program that ended before it could write one leaves something else, or nothing.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok().filter(|summary: &Self| !summary.outcome.is_empty())
    }
}
