//! The ledger of a run as `load-tests/lib/ledger.js` writes it: a line of JSON for each thing that was done.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// How a request ended, after its last attempt.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered 2xx.
    #[serde(rename = "acknowledged")]
    Acknowledged,
    /// It was answered with an error that a repetition does not change.
    #[serde(rename = "refused")]
    Refused,
    /// No answer told.
    #[serde(rename = "in doubt")]
    InDoubt,
}

/// What became of a request with all its attempts.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Delivery {
    /// How it ended.
    pub outcome: Outcome,
    /// The status of the last attempt; 0 when it got no answer. An event of a batch has the one it would have had alone.
    pub status: u16,
    /// How many attempts there were.
    pub attempts: u32,
    /// After how many of them the write may have been made or not.
    pub unknown: u32,
}

/// One sending of one event.
#[derive(Clone, Debug, Deserialize)]
pub struct EventSent {
    /// SHA-256 of the payload in canonical form, in hexadecimal digits.
    pub digest: String,
    /// What kind of event.
    pub r#type: String,
    /// The time that the client gave.
    pub timestamp: Option<String>,
    /// Whether it was sent after the acknowledged end of its session; nothing when that is not known.
    pub late: Option<bool>,
    /// Whether it had another payload than the acknowledged event of its id.
    pub conflict: bool,
    /// What became of it.
    #[serde(flatten)]
    pub delivery: Delivery,
}

/// One request to end a session.
#[derive(Clone, Debug, Deserialize)]
pub struct EndSent {
    /// `complete` or `fail`.
    pub how: String,
    /// Whether the session was known to have ended in the other way.
    pub contradicts: bool,
    /// The end that the answer told.
    #[serde(rename = "endedAt")]
    pub ended_at: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub delivery: Delivery,
}

/// A line.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    /// A call begins.
    Call {
        /// Its session.
        session: String,
        /// Its language.
        language: String,
    },
    /// It was created.
    Create {
        /// Its session.
        session: String,
        /// What became of it.
        #[serde(flatten)]
        delivery: Delivery,
    },
    /// An event was sent.
    Event {
        /// Its session.
        session: String,
        /// Its id.
        event: String,
        /// What was sent.
        #[serde(flatten)]
        sent: EventSent,
    },
    /// It was ended.
    End {
        /// Its session.
        session: String,
        /// What was sent.
        #[serde(flatten)]
        sent: EndSent,
    },
    /// A call was made to its end.
    Closed {
        /// Its session.
        session: String,
    },
}

/// Reads a file. Its last line may be torn, as by a k6 that was killed.
///
/// # Errors
/// When it cannot be read, or another line is not of a ledger.
pub fn read(path: &Path) -> Result<Vec<Line>> {
    let mut lines = BufReader::new(File::open(path)?).lines().zip(1..).peekable();
    let mut parsed = Vec::new();
    while let Some((line, number)) = lines.next() {
        match serde_json::from_str(&line?) {
            Ok(line) => parsed.push(line),
            Err(_) if lines.peek().is_none() => {}
            Err(cause) => return Err(cause).with_context(|| format!("line {number}")),
        }
    }
    Ok(parsed)
}
