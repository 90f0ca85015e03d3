//! What clients send, and its reading into the domain's types. Every field is optional to the parser, so that all that is
//! missing or wrong is found in one pass.

use bytes::Bytes;
use conversation_core::{
    EventId, JsonObject, Language, NewEvent, NewSession, SessionId, SessionKey, SessionPatch, Status,
    session::{Ending, MetadataPatch},
};
use poem_openapi::Object;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{
    faults::Faults,
    json::{self, Body},
    pages::event_type,
    problem::Problem,
    request::{Call, Limits},
    wire::{FreeForm, LanguageText, Required, Time, UnreadEvent},
};

/// The longest `reason`, in bytes.
const MAX_REASON_BYTES: usize = 1024;
/// The most events in a batch.
const MAX_BATCH_EVENTS: usize = 500;

/// A session to create.
#[derive(Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    /// The session's identifier, unique within the tenant; a repeated create with it returns the stored session.
    #[oai(validator(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:~@+=-]+$"))]
    #[serde(default)]
    session_id: Required<String>,
    /// The language spoken, a BCP 47 tag.
    #[oai(validator(min_length = 1, max_length = 35))]
    #[serde(default)]
    language: Required<String>,
    /// Where in its life the session is; `initiated` when left out. History is imported with a later one.
    #[oai(nullable)]
    status: Option<String>,
    /// When the call began; now when left out.
    #[oai(nullable)]
    started_at: Option<Time>,
    /// When it ended; only with the status `completed` or `failed`, and now when left out there.
    #[oai(nullable)]
    ended_at: Option<Time>,
    /// Anything to keep with the session, at most 16 KiB.
    #[oai(nullable)]
    metadata: Option<FreeForm>,
}

impl Body for CreateSession {}

impl CreateSession {
    /// The request in the domain's words.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self, call: &Call) -> Result<NewSession, Problem> {
        let Self { session_id, language, status, started_at, ended_at, metadata } = self;
        let mut faults = Faults::default();
        let session_id = faults.required("sessionId", session_id.0, |text| SessionId::parse(&text));
        let language = faults.required("language", language.0, |text| Language::parse(&text));
        let status = faults.optional("status", status, |text| {
            Status::from_name(&text).ok_or("must be initiated, active, completed or failed")
        });
        let started_at = faults.optional("startedAt", started_at, |Time(text)| call.moment(&text));
        let ended_at = faults.optional("endedAt", ended_at, |Time(text)| call.moment(&text));
        if ended_at.is_some() && !status.is_some_and(Status::is_terminal) {
            faults.note("endedAt", "is only for a session with the status completed or failed: leave it out");
        }
        if started_at.zip(ended_at).is_some_and(|(started, ended)| ended < started) {
            faults.note("endedAt", "is before startedAt: exchange them or leave one out");
        }
        let metadata = metadata
            .and_then(|FreeForm(raw)| faults.object("metadata", JsonObject::from_raw(&raw, call.limits.metadata())));
        let parts = session_id.zip(language);
        let (session_id, language) = faults.finish(parts)?;
        let key = SessionKey { tenant: call.tenant().clone(), session_id };
        Ok(NewSession { key, language, status, started_at, ended_at, metadata })
    }
}

/// An event to append.
#[derive(Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppendEvent {
    /// The event's identifier, unique within the session; a repeated append with it returns the stored event.
    #[oai(validator(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:~@+=-]+$"))]
    #[serde(default)]
    event_id: Required<String>,
    /// `user_speech`, `bot_speech` or `system`.
    #[serde(default, rename = "type")]
    #[oai(rename = "type")]
    kind: Required<String>,
    /// What was said or noted, at most 256 KiB; empty when left out.
    #[oai(nullable)]
    payload: Option<FreeForm>,
    /// When it happened; when it is received if left out. At most 24 hours in the future.
    #[oai(nullable)]
    timestamp: Option<Time>,
}

impl Body for AppendEvent {}

impl AppendEvent {
    /// The request in the domain's words.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self, call: &Call) -> Result<NewEvent, Problem> {
        let Self { event_id, kind, payload, timestamp } = self;
        let mut faults = Faults::default();
        let event_id = faults.required("eventId", event_id.0, |text| EventId::parse(&text));
        let kind = faults.required("type", kind.0, |text| event_type(&text));
        let timestamp = faults.optional("timestamp", timestamp, |Time(text)| call.moment(&text));
        let payload = match payload {
            Some(FreeForm(raw)) => faults.object("payload", JsonObject::from_raw(&raw, call.limits.payload())),
            None => JsonObject::parse("{}", call.limits.payload()).ok(),
        };
        let ((event_id, kind), payload) = faults.finish(event_id.zip(kind).zip(payload))?;
        Ok(NewEvent::new(event_id, kind, payload, timestamp))
    }
}

/// Events to append together, each on its own merits.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields)]
pub struct AppendBatch {
    /// The events, in the order in which they are appended.
    #[oai(validator(min_items = 1, max_items = 500))]
    #[serde(default)]
    events: Required<Vec<UnreadEvent>>,
}

/// The same, as its items lie in the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BorrowedBatch<'b> {
    #[serde(default, borrow)]
    events: Option<Vec<&'b RawValue>>,
}

impl Body for AppendBatch {
    fn read_from(bytes: &Bytes) -> Result<Self, Problem> {
        let BorrowedBatch { events } = json::parse(bytes)?;
        // Parts of the body, not copies: the memory of a batch stays bounded by its body.
        let part = |raw: &RawValue| UnreadEvent(bytes.slice_ref(raw.get().as_bytes()));
        Ok(Self { events: Required(events.map(|events| events.into_iter().map(part).collect())) })
    }

    fn max_bytes(limits: &Limits) -> usize {
        limits.max_batch_body_bytes
    }
}

impl AppendBatch {
    /// The events, each read on its own.
    ///
    /// # Errors
    /// When there are none or too many.
    pub fn read(self) -> Result<Vec<UnreadEvent>, Problem> {
        let mut faults = Faults::default();
        let events = faults.required("events", self.events.0, |events| match events.len() {
            1..=MAX_BATCH_EVENTS => Ok(events),
            count => Err(format!("has {count} items: give 1 to {MAX_BATCH_EVENTS}")),
        });
        faults.finish(events)
    }
}

/// When a session was completed.
#[derive(Debug, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteSession {
    /// When the call ended; now when left out.
    #[oai(nullable)]
    ended_at: Option<Time>,
}

impl Body for CompleteSession {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl CompleteSession {
    /// The request in the domain's words.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self, call: &Call) -> Result<Ending, Problem> {
        FailSession { reason: None, ended_at: self.ended_at }.ending(call, Status::Completed)
    }
}

/// When and why a session failed.
#[derive(Debug, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailSession {
    /// Why, in at most 1024 bytes.
    #[oai(nullable, validator(max_length = 1024))]
    reason: Option<String>,
    /// When the call ended; now when left out.
    #[oai(nullable)]
    ended_at: Option<Time>,
}

impl Body for FailSession {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl FailSession {
    /// The request in the domain's words.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self, call: &Call) -> Result<Ending, Problem> {
        self.ending(call, Status::Failed)
    }

    fn ending(self, call: &Call, status: Status) -> Result<Ending, Problem> {
        let Self { reason, ended_at } = self;
        let mut faults = Faults::default();
        let reason = faults.optional("reason", reason, |text| {
            let fits = text.len() <= MAX_REASON_BYTES;
            fits.then_some(text).ok_or_else(|| format!("is longer than {MAX_REASON_BYTES} bytes"))
        });
        let ended_at = faults.optional("endedAt", ended_at, |Time(text)| call.moment(&text));
        faults.finish(Some(Ending { status, ended_at, reason }))
    }
}

/// A JSON merge patch (RFC 7396) of a session that has not ended.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(deny_unknown_fields)]
pub struct UpdateSession {
    /// The language spoken, a BCP 47 tag.
    #[serde(default, deserialize_with = "present")]
    language: Option<LanguageText>,
    /// Merged into the metadata: members that are null are removed, objects are merged, anything else is replaced.
    #[serde(default, deserialize_with = "present")]
    #[oai(nullable)]
    metadata: Option<FreeForm>,
}

impl Body for UpdateSession {}

impl UpdateSession {
    /// The request in the domain's words.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self, call: &Call) -> Result<SessionPatch, Problem> {
        let Self { language, metadata } = self;
        let mut faults = Faults::default();
        let language = faults.optional("language", language, |LanguageText(raw)| {
            let text: String = serde_json::from_str(raw.get()).map_err(|_| "must be a text and cannot be removed")?;
            Language::parse(&text).map_err(|_| "is not a BCP 47 language tag: give one such as en-US")
        });
        // A patch is as large as a body may be: only what the merge leaves is bound by the size of metadata.
        let bounds = conversation_core::json::Bounds { bytes: call.limits.max_body_bytes, ..call.limits.metadata() };
        let metadata = metadata.and_then(|FreeForm(raw)| match raw.get() {
            "null" => Some(MetadataPatch::Clear),
            _ => faults
                .object("metadata", JsonObject::from_raw(&raw, bounds))
                .map(|(patch, _)| MetadataPatch::Merge(patch)),
        });
        faults.finish(Some(SessionPatch { language, metadata }))
    }
}

/// Tells a field that is null from one that is left out.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<Box<RawValue>>,
{
    Box::<RawValue>::deserialize(deserializer).map(|raw| Some(raw.into()))
}
