//! What the service says is stored.

use serde::Deserialize;
use serde_json::Value;

/// An event.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredEvent {
    pub(crate) event_id: String,
    pub(crate) r#type: String,
    pub(crate) payload: Value,
    // In one form and one zone, so that the order of the texts is that of the times.
    pub(crate) timestamp: String,
    pub(crate) received_at: String,
    pub(crate) late: bool,
}

/// A session with all its events, in the order in which they were read.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) status: String,
    pub(crate) language: String,
    pub(crate) ended_at: Option<String>,
    /// How many events the service says there are.
    pub(crate) total: usize,
    pub(crate) events: Vec<StoredEvent>,
}
