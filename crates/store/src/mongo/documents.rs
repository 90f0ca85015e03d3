//! The documents in the database and the domain's types, each made from the other.

use bson::{
    Binary, Bson, DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc, raw::cstr, spec::BinarySubtype,
};
use conversation_core::{
    Event, EventId, EventType, JsonObject, Language, Session, SessionId, SessionKey, Status, StoreError, TenantId,
    Timestamp, event::Fingerprint,
};
use thiserror::Error;

use super::{errors::corrupt, json};

/// The filter for one session: `_id` finds it, `sessionId` sends the query to the one shard that has it.
pub(super) fn session_filter(key: &SessionKey) -> Document {
    doc! { "_id": key.document_id(), "sessionId": key.session_id.as_str() }
}

/// The filter for one session's events, in the order of the timeline's index.
pub(super) fn events_filter(key: &SessionKey) -> Document {
    doc! { "sessionId": key.session_id.as_str(), "tenantId": key.tenant.as_str() }
}

/// A moment as the database has it.
pub(super) fn date(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.as_millis())
}

/// The document that keeps a session.
pub(super) fn write_session(session: &Session) -> Result<RawDocumentBuf, StoreError> {
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
        fingerprint,
        revision,
    } = session;
    let SessionKey { tenant, session_id } = key;
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), key.document_id());
    document.append(cstr!("tenantId"), tenant.as_str());
    document.append(cstr!("sessionId"), session_id.as_str());
    document.append(cstr!("status"), status.as_str());
    document.append(cstr!("language"), language.as_str());
    document.append(cstr!("startedAt"), date(*started_at));
    document.append(cstr!("endedAt"), ended_at.map_or(RawBsonRef::Null, |moment| date(moment).into()));
    document.append(cstr!("endReason"), end_reason.as_deref().map_or(RawBsonRef::Null, RawBsonRef::String));
    document.append(cstr!("metadata"), &json::to_bson(metadata)?);
    document.append(cstr!("createdAt"), date(*created_at));
    document.append(cstr!("updatedAt"), date(*updated_at));
    document.append(cstr!("fingerprint"), binary(*fingerprint));
    document.append(cstr!("revision"), *revision);
    Ok(document)
}

/// The document that stays of an erased session.
pub(super) fn write_tombstone(
    key: &SessionKey,
    erased_at: Timestamp,
    expires_at: Timestamp,
    sweep_after: Timestamp,
) -> RawDocumentBuf {
    let SessionKey { tenant, session_id } = key;
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), key.document_id());
    document.append(cstr!("tenantId"), tenant.as_str());
    document.append(cstr!("sessionId"), session_id.as_str());
    document.append(cstr!("erasedAt"), date(erased_at));
    document.append(cstr!("expiresAt"), date(expires_at));
    document.append(cstr!("sweepAfter"), date(sweep_after));
    document
}

/// The document that keeps an event of the session `key`.
pub(super) fn write_event(key: &SessionKey, event: &Event) -> Result<RawDocumentBuf, StoreError> {
    let Event { event_id, kind, payload, timestamp, received_at, late, fingerprint } = event;
    let SessionKey { tenant, session_id } = key;
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), key.event_document_id(event_id));
    document.append(cstr!("tenantId"), tenant.as_str());
    document.append(cstr!("sessionId"), session_id.as_str());
    document.append(cstr!("eventId"), event_id.as_str());
    document.append(cstr!("type"), kind.as_str());
    document.append(cstr!("payload"), &json::to_bson(payload)?);
    document.append(cstr!("timestamp"), date(*timestamp));
    document.append(cstr!("receivedAt"), date(*received_at));
    document.append(cstr!("late"), *late);
    document.append(cstr!("fingerprint"), binary(*fingerprint));
    Ok(document)
}

/// What an append must know of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Where the session is in its life.
    pub(super) status: Status,
    /// When it ended, if it did.
    pub(super) ended_at: Option<Timestamp>,
}

impl Head {
    pub(super) const fn of(session: &Session) -> Self {
        Self { status: session.status, ended_at: session.ended_at }
    }
}

/// The session that a document keeps.
///
/// # Errors
/// `SessionErased` for a tombstone.
pub(super) fn read_session(document: &RawDocument) -> Result<Session, StoreError> {
    let fields = Fields::of_session(document)?;
    Ok(Session {
        key: read_key(document)?,
        status: fields.parsed("status", Status::from_name)?,
        language: fields.parsed("language", |tag| Language::parse(tag).ok())?,
        started_at: fields.moment("startedAt")?,
        ended_at: fields.moment_if_any("endedAt")?,
        end_reason: fields.text_if_any("endReason")?,
        metadata: json::to_json(document.get_document("metadata").map_err(corrupt)?)?,
        created_at: fields.moment("createdAt")?,
        updated_at: fields.moment("updatedAt")?,
        fingerprint: fields.fingerprint()?,
        revision: document.get_i64("revision").map_err(corrupt)?,
    })
}

/// Which session a document belongs to.
pub(super) fn read_key(document: &RawDocument) -> Result<SessionKey, StoreError> {
    let fields = Fields(document);
    Ok(SessionKey {
        tenant: fields.parsed("tenantId", |id| TenantId::parse(id).ok())?,
        session_id: fields.parsed("sessionId", |id| SessionId::parse(id).ok())?,
    })
}

/// The event that a document keeps.
pub(super) fn read_event(document: &RawDocument) -> Result<Event, StoreError> {
    let parts = EventParts::of(document)?;
    let payload = json::to_json(parts.payload.ok_or_else(|| corrupt(ForeignField("payload")))?)?;
    parts.event(payload)
}

/// A stored event but for its payload, which a replay already has.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    /// Its `_id`.
    pub(super) id: String,
    event: Event,
}

impl Envelope {
    /// The fields to ask the database for.
    pub(super) fn projection() -> Document {
        doc! { "eventId": 1, "type": 1, "timestamp": 1, "receivedAt": 1, "late": 1, "fingerprint": 1 }
    }

    /// The content of the request that stored it.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.event.fingerprint
    }

    /// The event, with `payload`.
    pub(super) fn with(self, payload: JsonObject) -> Event {
        Event { payload, ..self.event }
    }
}

/// Reads what [`Envelope::projection`] asks for.
pub(super) fn read_envelope(document: &RawDocument) -> Result<Envelope, StoreError> {
    let parts = EventParts::of(document)?;
    let id = parts.id.ok_or_else(|| corrupt(ForeignField("_id")))?.to_owned();
    Ok(Envelope { id, event: parts.event(JsonObject::empty())? })
}

/// The fields of an event where they lie in its document, found in one pass.
#[derive(Default)]
struct EventParts<'d> {
    id: Option<&'d str>,
    event_id: Option<&'d str>,
    kind: Option<&'d str>,
    payload: Option<&'d RawDocument>,
    timestamp: Option<DateTime>,
    received_at: Option<DateTime>,
    late: Option<bool>,
    fingerprint: Option<&'d [u8]>,
}

impl<'d> EventParts<'d> {
    fn of(document: &'d RawDocument) -> Result<Self, StoreError> {
        let mut parts = Self::default();
        for element in document.iter_elements() {
            let element = element.map_err(corrupt)?;
            // Only what is wanted is looked into.
            let value = || element.value().map_err(corrupt);
            match element.key().as_str() {
                "_id" => parts.id = value()?.as_str(),
                "eventId" => parts.event_id = value()?.as_str(),
                "type" => parts.kind = value()?.as_str(),
                "payload" => parts.payload = value()?.as_document(),
                "timestamp" => parts.timestamp = value()?.as_datetime(),
                "receivedAt" => parts.received_at = value()?.as_datetime(),
                "late" => parts.late = value()?.as_bool(),
                "fingerprint" => parts.fingerprint = value()?.as_binary().map(|binary| binary.bytes),
                _ => {}
            }
        }
        Ok(parts)
    }

    fn event(&self, payload: JsonObject) -> Result<Event, StoreError> {
        let foreign = |name| move || corrupt(ForeignField(name));
        let moment = |date: DateTime| Timestamp::from_millis(date.timestamp_millis());
        Ok(Event {
            event_id: self.event_id.and_then(|id| EventId::parse(id).ok()).ok_or_else(foreign("eventId"))?,
            kind: self.kind.and_then(EventType::from_name).ok_or_else(foreign("type"))?,
            payload,
            timestamp: self.timestamp.map(moment).ok_or_else(foreign("timestamp"))?,
            received_at: self.received_at.map(moment).ok_or_else(foreign("receivedAt"))?,
            late: self.late.ok_or_else(foreign("late"))?,
            fingerprint: self
                .fingerprint
                .and_then(|bytes| bytes.try_into().ok())
                .map(Fingerprint)
                .ok_or_else(foreign("fingerprint"))?,
        })
    }
}

fn binary(fingerprint: Fingerprint) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: fingerprint.0.to_vec() }
}

/// A text or `null`, for an update.
pub(super) fn text_or_null(text: Option<&str>) -> Bson {
    text.map_or(Bson::Null, Bson::from)
}

/// A field that does not hold what this service writes there.
#[derive(Debug, Error)]
#[error("the field {0} of a document has another type or value than this service writes")]
struct ForeignField(&'static str);

/// Reads single fields of a document.
struct Fields<'d>(&'d RawDocument);

impl<'d> Fields<'d> {
    fn of_session(document: &'d RawDocument) -> Result<Self, StoreError> {
        match document.get("erasedAt").map_err(corrupt)? {
            Some(_) => Err(StoreError::SessionErased),
            None => Ok(Self(document)),
        }
    }

    fn parsed<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        parse(self.0.get_str(name).map_err(corrupt)?).ok_or_else(|| corrupt(ForeignField(name)))
    }

    fn moment(&self, name: &'static str) -> Result<Timestamp, StoreError> {
        self.moment_if_any(name)?.ok_or_else(|| corrupt(ForeignField(name)))
    }

    fn moment_if_any(&self, name: &'static str) -> Result<Option<Timestamp>, StoreError> {
        match self.0.get(name).map_err(corrupt)? {
            Some(RawBsonRef::DateTime(date)) => Ok(Some(Timestamp::from_millis(date.timestamp_millis()))),
            None | Some(RawBsonRef::Null) => Ok(None),
            Some(_) => Err(corrupt(ForeignField(name))),
        }
    }

    fn text_if_any(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        match self.0.get(name).map_err(corrupt)? {
            Some(RawBsonRef::String(text)) => Ok(Some(text.to_owned())),
            None | Some(RawBsonRef::Null) => Ok(None),
            Some(_) => Err(corrupt(ForeignField(name))),
        }
    }

    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let stored = self.0.get_binary("fingerprint").map_err(corrupt)?;
        stored.bytes.try_into().map(Fingerprint).map_err(|_| corrupt(ForeignField("fingerprint")))
    }
}

#[cfg(test)]
mod tests;
