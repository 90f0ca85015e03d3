//! What answers look like on the wire. Conversions from the domain take every field by name.

use conversation_core::{Event, Session, SessionKey, Status, Timestamp};
use http::StatusCode;
use poem_openapi::{
    Enum, Object,
    types::{ParseFromJSON, ToJSON},
};
use serde::Serialize;

use super::{
    code::ErrorCode,
    wire::{Kept, Moment},
};

/// A successful answer.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Envelope<T: ParseFromJSON + ToJSON> {
    /// Always true.
    pub success: bool,
    /// What was asked for.
    pub data: T,
    /// The HTTP status.
    pub status_code: u16,
    /// When the answer was given.
    pub timestamp: Moment,
    /// What the client should look at although the request succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Warning>>,
}

impl<T: ParseFromJSON + ToJSON> Envelope<T> {
    /// Wraps `data`.
    #[must_use]
    pub fn new(status: StatusCode, now: Timestamp, data: T) -> Self {
        Self { success: true, data, status_code: status.as_u16(), timestamp: now.into(), warnings: None }
    }

    /// Adds a warning about `fields`, if there are any.
    #[must_use]
    pub fn warned(self, code: ErrorCode, fields: &[&'static str]) -> Self {
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        let warnings = (!fields.is_empty()).then(|| vec![Warning { code, fields }]);
        Self { warnings, ..self }
    }
}

/// A repeated request said something else than the stored one.
#[derive(Debug, Serialize, Object)]
pub struct Warning {
    /// What the difference would be under strict handling.
    pub code: ErrorCode,
    /// The fields that differ; the stored ones stay.
    pub fields: Vec<String>,
}

/// A session's status.
#[derive(Clone, Copy, Debug, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case", rename = "Status")]
pub enum StatusView {
    /// Opened, without events so far.
    Initiated,
    /// At least one event has arrived.
    Active,
    /// Ended as planned.
    Completed,
    /// Ended by a fault.
    Failed,
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Initiated => Self::Initiated,
            Status::Active => Self::Active,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}

/// A session.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", rename = "Session")]
pub struct SessionView {
    /// An opaque identifier, for clients of earlier services.
    #[serde(rename = "_id")]
    #[oai(rename = "_id")]
    pub id: String,
    /// The session's identifier, as the client chose it.
    pub session_id: String,
    /// Where the session is in its life.
    pub status: StatusView,
    /// The language spoken, a BCP 47 tag.
    pub language: String,
    /// When the call began.
    pub started_at: Moment,
    /// When it ended; null until then.
    #[oai(nullable)]
    pub ended_at: Option<Moment>,
    /// Why it failed, if the client said.
    #[oai(nullable)]
    pub end_reason: Option<String>,
    /// What the client keeps with it.
    pub metadata: Kept,
    /// When the server stored it.
    pub created_at: Moment,
    /// When the server last changed it.
    pub updated_at: Moment,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let Session {
            key,
            status,
            language,
            started_at,
            ended_at,
            end_reason,
            metadata,
            created_at,
            updated_at,
            fingerprint: _,
            revision: _,
        } = session;
        Self {
            id: key.document_id(),
            session_id: key.session_id.as_str().to_owned(),
            status: status.into(),
            language: language.to_string(),
            started_at: started_at.into(),
            ended_at: ended_at.map(Moment::from),
            end_reason,
            metadata: metadata.into(),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

/// An event.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", rename = "Event")]
pub struct EventView {
    /// An opaque identifier, for clients of earlier services.
    #[serde(rename = "_id")]
    #[oai(rename = "_id")]
    pub id: String,
    /// The event's identifier, as the client chose it.
    pub event_id: String,
    /// The session that it belongs to.
    pub session_id: String,
    /// `user_speech`, `bot_speech` or `system`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: String,
    /// What was said or noted.
    pub payload: Kept,
    /// When it happened: by the client's clock if it said, else when it was received.
    pub timestamp: Moment,
    /// When the server stored it.
    pub received_at: Moment,
    /// Whether it arrived after the session had ended.
    pub late: bool,
}

impl EventView {
    /// An event of the session `key`.
    #[must_use]
    pub fn of(key: &SessionKey, event: Event) -> Self {
        let Event { event_id, kind, payload, timestamp, received_at, late, fingerprint: _ } = event;
        Self {
            id: key.event_document_id(&event_id),
            event_id: event_id.as_str().to_owned(),
            session_id: key.session_id.as_str().to_owned(),
            kind: kind.as_str().to_owned(),
            payload: payload.into(),
            timestamp: timestamp.into(),
            received_at: received_at.into(),
            late,
        }
    }
}

/// A session with a page of its events, as one flat object.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SessionWithEvents")]
pub struct TimelineView {
    /// The session's own fields.
    #[serde(flatten)]
    #[oai(flatten)]
    pub session: SessionView,
    /// The events of the page.
    pub events: Vec<EventView>,
    /// Where the page lies.
    pub pagination: Pagination,
}

/// A page of events.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "EventPage")]
pub struct EventPageView {
    /// The events of the page.
    pub events: Vec<EventView>,
    /// Where the page lies.
    pub pagination: Pagination,
}

/// Where a page of events lies. In a cursor walk the counts come only with `include=total`.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Pagination {
    /// All events that the filters admit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The most events on a page.
    pub limit: u32,
    /// How many events lie ahead of this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The page's number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// How many pages there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_pages: Option<u64>,
    /// Whether events follow this page.
    pub has_more: bool,
    /// The cursor that continues behind this page; null when nothing follows.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A page of sessions.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SessionPage")]
pub struct SessionPageView {
    /// The sessions of the page.
    pub sessions: Vec<SessionView>,
    /// Where the page lies.
    pub pagination: CursorPagination,
}

/// Where a page of sessions lies.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CursorPagination {
    /// The most sessions on a page.
    pub limit: u32,
    /// Whether sessions follow this page.
    pub has_more: bool,
    /// The cursor that continues behind this page; null when nothing follows.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Serialize, Object)]
pub struct BatchView {
    /// One result for each event of the request, in its order.
    pub results: Vec<BatchItem>,
    /// How many events were stored.
    pub appended: u32,
    /// How many were there already.
    pub replayed: u32,
    /// How many were refused.
    pub rejected: u32,
}

/// What became of one event of a batch.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct BatchItem {
    /// The event's place in the request, from 0.
    pub index: u32,
    /// The event's identifier; null when the item has none that can be read.
    #[oai(nullable)]
    pub event_id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused, or how a replayed event differs from the stored one. `STORE_UNAVAILABLE`, `OVERLOADED` and
    /// `OUTCOME_UNKNOWN` are no verdict on the event: send it again with the same identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of one event of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Outcome {
    /// It was stored.
    Appended,
    /// It was there already.
    Replayed,
    /// It was refused.
    Rejected,
}
