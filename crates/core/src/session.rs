//! A session: one call on a voice platform, from its opening to its end.

mod patch;

use sha2::{Digest as _, Sha256};

use crate::{
    JsonObject, Language, Rules, SessionKey, Timestamp, event::Fingerprint, json::Digest, rules::WRITES_SETTLE_WITHIN,
};

pub use patch::{InvalidPatch, MetadataPatch, SessionPatch};

/// Where a session is in its life. It moves to the right only; the two last are terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Opened, without events so far.
    Initiated,
    /// At least one event has arrived.
    Active,
    /// Ended as planned.
    Completed,
    /// Ended by a fault.
    Failed,
}

impl Status {
    /// Every status, in the order of a session's life.
    pub const ALL: [Self; 4] = [Self::Initiated, Self::Active, Self::Completed, Self::Failed];

    /// Whether a session with this status has ended.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// The status as clients and stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Status::as_str`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A stored session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which session it is.
    pub key: SessionKey,
    /// Where it is in its life.
    pub status: Status,
    /// The language spoken.
    pub language: Language,
    /// When the call began.
    pub started_at: Timestamp,
    /// When it ended; set exactly when the status is terminal.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, if the client said.
    pub end_reason: Option<String>,
    /// What the client keeps with it.
    pub metadata: JsonObject,
    /// When the server stored it.
    pub created_at: Timestamp,
    /// When the server last changed it.
    pub updated_at: Timestamp,
    /// The content of the request that created it, so that a retry is known however the session changed since.
    pub fingerprint: Fingerprint,
    /// Another one after every change, so that a read-modify-write sees when it was overtaken.
    pub revision: i64,
}

/// What an append to a session meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The session is open.
    OnTime,
    /// The session ended so recently that the event is still stored, marked late.
    Late,
    /// The session ended too long ago.
    Closed,
}

impl Admission {
    /// How an event that arrives `now` is received by a session that ended at `ended_at`, if it did.
    #[must_use]
    pub fn of(ended_at: Option<Timestamp>, now: Timestamp, rules: &Rules) -> Self {
        match ended_at {
            None => Self::OnTime,
            Some(ended_at) if now <= ended_at.plus(rules.late_event_grace) => Self::Late,
            Some(_) => Self::Closed,
        }
    }
}

impl Session {
    /// The moment from which neither the session nor its events can change any more, if it has ended.
    #[must_use]
    pub fn final_from(&self, rules: &Rules) -> Option<Timestamp> {
        let last_event = self.ended_at?.plus(rules.late_event_grace).max(self.updated_at);
        Some(last_event.plus(WRITES_SETTLE_WITHIN))
    }

    /// How an event that arrives `now` is received.
    #[must_use]
    pub fn admission(&self, now: Timestamp, rules: &Rules) -> Admission {
        Admission::of(self.ended_at, now, rules)
    }
}

/// The fields of a request to create a session; `None` where the client sent nothing.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Which session.
    pub key: SessionKey,
    /// The language spoken.
    pub language: Language,
    /// Where in its life the session is; history is imported with a later status.
    pub status: Option<Status>,
    /// When the call began.
    pub started_at: Option<Timestamp>,
    /// When it ended; only with a terminal status.
    pub ended_at: Option<Timestamp>,
    /// What the client keeps with it, and the digest of that.
    pub metadata: Option<(JsonObject, Digest)>,
}

impl NewSession {
    /// A session of which only the language is known, as an append creates it.
    #[must_use]
    pub const fn opened(key: SessionKey, language: Language) -> Self {
        Self { key, language, status: None, started_at: None, ended_at: None, metadata: None }
    }

    /// A hash of the fields that the client sent.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let time = |moment: Option<Timestamp>| moment.map(|t| t.as_millis().to_be_bytes()).unwrap_or_default();
        let hash = Sha256::new()
            .chain_update(self.language.as_str())
            .chain_update([0, u8::from(self.started_at.is_some()), u8::from(self.ended_at.is_some())])
            .chain_update(self.status.map_or("", Status::as_str))
            .chain_update([0])
            .chain_update(time(self.started_at))
            .chain_update(time(self.ended_at))
            .chain_update(self.metadata.as_ref().map_or(&[][..], |(_, digest)| digest));
        Fingerprint::from_hash(hash.finalize().into())
    }

    /// The session that this request creates at `now`.
    #[must_use]
    pub fn into_session(self, now: Timestamp) -> Session {
        let fingerprint = self.fingerprint();
        let Self { key, language, status, started_at, ended_at, metadata } = self;
        let status = status.unwrap_or(Status::Initiated);
        Session {
            key,
            status,
            language,
            started_at: started_at.unwrap_or(now),
            ended_at: status.is_terminal().then(|| ended_at.unwrap_or(now)),
            end_reason: None,
            metadata: metadata.map_or_else(JsonObject::empty, |(object, _)| object),
            created_at: now,
            updated_at: now,
            fingerprint,
            revision: 0,
        }
    }

    /// The names of the fields in which this request, as a repeated one, contradicts the stored session.
    /// A retry of the creating request contradicts nothing, whatever became of the session.
    #[must_use]
    pub fn contradictions(&self, stored: &Session) -> Vec<&'static str> {
        if self.fingerprint() == stored.fingerprint {
            return Vec::new();
        }
        let differs = |given: bool, name: &'static str| given.then_some(name);
        [
            differs(self.language != stored.language, "language"),
            differs(self.status.is_some_and(|status| status != stored.status), "status"),
            differs(self.started_at.is_some_and(|moment| moment != stored.started_at), "startedAt"),
            differs(self.ended_at.is_some_and(|moment| Some(moment) != stored.ended_at), "endedAt"),
            differs(self.metadata.as_ref().is_some_and(|(m, _)| !m.same_content(&stored.metadata)), "metadata"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A request to end a session.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The terminal status to reach.
    pub status: Status,
    /// When the call ended, if the client said.
    pub ended_at: Option<Timestamp>,
    /// Why, if the client said.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{SessionId, TenantId};

    fn request() -> NewSession {
        NewSession::opened(
            SessionKey {
                tenant: TenantId::parse("default").expect("valid"),
                session_id: SessionId::parse("s").expect("valid"),
            },
            Language::parse("en").expect("valid"),
        )
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn late_events_are_admitted_for_as_long_as_the_rules_say() {
        let rules = Rules { late_event_grace: Duration::from_millis(10), ..Rules::default() };
        let ended = NewSession { status: Some(Status::Completed), ..request() }.into_session(NOW);
        let at = |millis| Timestamp::from_millis(NOW.as_millis() + millis);
        assert_eq!(ended.admission(at(10), &rules), Admission::Late);
        assert_eq!(ended.admission(at(11), &rules), Admission::Closed);
        assert_eq!(request().into_session(NOW).admission(at(1_000_000), &rules), Admission::OnTime);
    }

    #[test]
    fn a_session_is_final_once_nothing_that_was_admitted_can_still_arrive() {
        let rules = Rules::default();
        assert_eq!(request().into_session(NOW).final_from(&rules), None);
        let ended = NewSession { status: Some(Status::Completed), ..request() }.into_session(NOW);
        assert_eq!(ended.final_from(&rules), Some(NOW.plus(Duration::from_secs(360))));
        // Ended just now, as of long ago.
        let imported = Session { ended_at: Some(Timestamp::from_millis(0)), updated_at: NOW, ..ended };
        assert_eq!(imported.final_from(&rules), Some(NOW.plus(Duration::from_secs(60))));
    }

    #[test]
    fn an_end_time_is_kept_exactly_when_the_status_is_terminal() {
        for status in Status::ALL {
            let session = NewSession { status: Some(status), ..request() }.into_session(NOW);
            assert_eq!(session.ended_at.is_some(), status.is_terminal());
            assert_eq!(Status::from_name(status.as_str()), Some(status));
        }
    }

    #[test]
    fn a_retry_contradicts_nothing_even_when_the_session_moved_on() {
        let first = NewSession { status: Some(Status::Initiated), ..request() };
        let moved = Session { status: Status::Active, ..first.clone().into_session(NOW) };
        assert!(first.contradictions(&moved).is_empty());
        assert!(request().contradictions(&moved).is_empty());
    }

    #[test]
    fn a_different_request_contradicts_the_fields_it_gives() {
        let stored = request().into_session(NOW);
        let other = NewSession {
            language: Language::parse("fr").expect("valid"),
            status: Some(Status::Completed),
            started_at: Some(Timestamp::from_millis(1)),
            ended_at: Some(Timestamp::from_millis(2)),
            metadata: JsonObject::parse(r#"{"a":1}"#, crate::json::Bounds::NONE).ok(),
            ..request()
        };
        assert_eq!(other.contradictions(&stored), ["language", "status", "startedAt", "endedAt", "metadata"]);
    }
}
