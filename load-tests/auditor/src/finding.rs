//! What an audit may find, as a closed set of names that programs can rely on.

use serde::Serialize;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A session that was acknowledged is not there.
    SessionLost,
    /// A session is there whose requests were all refused, or that nobody sent.
    SessionNotSent,
    /// The session has another status, end or language than was acknowledged.
    SessionDiffers,
    /// An event that was acknowledged is not there.
    EventLost,
    /// An event is there more than once.
    EventDoubled,
    /// An event is there that was refused, or that nobody sent.
    EventNotSent,
    /// An event has another type, payload or timestamp than was acknowledged.
    EventDiffers,
    /// More than one request was told that it was the one that stored it.
    AcknowledgedTwice,
    /// A request was told that its event had been there before, though nothing could have stored it.
    ReplayOfNothing,
    /// An event is marked as late and was not, or the other way round.
    LateFlag,
    /// Events are not in the order of timestamp and id.
    Order,
    /// The number of events that the service tells is not how many it has.
    Total,
}

impl Fault {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A fault in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What kind.
    pub fault: Fault,
    /// In which session.
    pub session: String,
    /// At which event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What was expected and what was found.
    pub message: String,
}
