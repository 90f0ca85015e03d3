//! An event: something said or noted in a session. Events never change.

use sha2::{Digest as _, Sha256};

use crate::{EventId, JsonObject, Timestamp, json::Digest};

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// The caller spoke.
    UserSpeech,
    /// The bot spoke.
    BotSpeech,
    /// Anything else that the platform notes.
    System,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::UserSpeech, Self::BotSpeech, Self::System];

    /// The type as clients and stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserSpeech => "user_speech",
            Self::BotSpeech => "bot_speech",
            Self::System => "system",
        }
    }

    /// Reads what [`EventType::as_str`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// 16 bytes of SHA-256 over what a client sent: equal for a retry, different for other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The first half of a hash: 128 bits leave accidental equality out of the question.
    #[must_use]
    pub fn from_hash(hash: [u8; 32]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        Self(half)
    }
}

/// The fields of a request to append an event.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Which event of the session.
    pub event_id: EventId,
    /// What kind of event.
    pub kind: EventType,
    /// What was said or noted.
    pub payload: JsonObject,
    /// When it happened, if the client said.
    pub timestamp: Option<Timestamp>,
    /// The content of all the above but the identifier.
    pub fingerprint: Fingerprint,
}

impl NewEvent {
    /// An event from its parts; `digest` is that of `payload`.
    #[must_use]
    pub fn new(
        event_id: EventId,
        kind: EventType,
        (payload, digest): (JsonObject, Digest),
        timestamp: Option<Timestamp>,
    ) -> Self {
        let sent = timestamp.map(|moment| moment.as_millis().to_be_bytes());
        let hash = Sha256::new()
            .chain_update(kind.as_str())
            .chain_update([0, u8::from(sent.is_some())])
            .chain_update(sent.unwrap_or_default())
            .chain_update(digest);
        Self { event_id, kind, payload, timestamp, fingerprint: Fingerprint::from_hash(hash.finalize().into()) }
    }

    /// The event that this request stores when it is received at `now`.
    #[must_use]
    pub fn into_event(self, now: Timestamp, late: bool) -> Event {
        let Self { event_id, kind, payload, timestamp, fingerprint } = self;
        let timestamp = timestamp.unwrap_or(now);
        Event { event_id, kind, payload, timestamp, received_at: now, late, fingerprint }
    }

    /// The names of the fields in which this request, as a repeated one, contradicts the stored event.
    #[must_use]
    pub fn contradictions(&self, stored: &Event) -> Vec<&'static str> {
        if self.fingerprint == stored.fingerprint {
            return Vec::new();
        }
        let differs = |given: bool, name: &'static str| given.then_some(name);
        [
            differs(self.kind != stored.kind, "type"),
            differs(!self.payload.same_content(&stored.payload), "payload"),
            differs(self.timestamp.is_some_and(|moment| moment != stored.timestamp), "timestamp"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which event of its session it is.
    pub event_id: EventId,
    /// What kind of event it is.
    pub kind: EventType,
    /// What was said or noted.
    pub payload: JsonObject,
    /// When it happened: by the client's clock if it said, else when it was received.
    pub timestamp: Timestamp,
    /// When the server stored it.
    pub received_at: Timestamp,
    /// Whether it arrived after the session's end.
    pub late: bool,
    /// The content of the request that stored it.
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Bounds;

    fn event(kind: EventType, payload: &str, timestamp: Option<i64>) -> NewEvent {
        NewEvent::new(
            EventId::parse("e").expect("valid"),
            kind,
            JsonObject::parse(payload, Bounds::NONE).expect("valid"),
            timestamp.map(Timestamp::from_millis),
        )
    }

    #[test]
    fn equal_content_has_an_equal_fingerprint() {
        let a = event(EventType::System, r#"{"a":1,"b":2}"#, Some(5));
        let b = event(EventType::System, r#"{"b":2.0, "a":1}"#, Some(5));
        assert_eq!(a.fingerprint, b.fingerprint);
    }

    #[test]
    fn other_content_is_named_by_field() {
        let stored = event(EventType::System, "{}", Some(5)).into_event(Timestamp::from_millis(9), false);
        let other = event(EventType::BotSpeech, r#"{"a":1}"#, Some(6));
        assert_eq!(other.contradictions(&stored), ["type", "payload", "timestamp"]);
        assert!(event(EventType::System, "{}", None).contradictions(&stored).is_empty());
        assert!(event(EventType::System, "{}", Some(5)).contradictions(&stored).is_empty());
    }
}
