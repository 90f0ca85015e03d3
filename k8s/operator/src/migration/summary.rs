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
    pub blocked: Vec<Blocked>,
    /// How much was left out to fit into the message.
    pub omitted: i64,
}

/// Something that a person must decide first: a sentence, or a subject with its problem.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Blocked {
    /// A sentence.
    Text(String),
    /// A subject with what is wrong with it and what mends it.
    Finding(api::Drift),
}

impl std::fmt::Display for Blocked {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(out, "{text}"),
            Self::Finding(api::Drift { subject, problem, remedy }) => write!(out, "{subject}: {problem}; {remedy}"),
        }
    }
}

impl Summary {
    /// Reads a termination message; a program that ended before it could write one leaves something else, or nothing.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok().filter(|summary: &Self| !summary.outcome.is_empty())
    }
}
