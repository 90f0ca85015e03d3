//! The documents of the bare driver: in shape and size those of the service.

use mongodb::bson::raw::{RawDocument, RawDocumentBuf};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc, rawdoc};

use crate::operations::{EVENT_TYPE, LANGUAGE, event_id, timestamp};

/// The one tenant of the service so far.
pub(crate) const TENANT: &str = "default";

/// The filter for a session.
pub(crate) fn session_filter(session_id: &str) -> Document {
    doc! { "_id": format!("{TENANT}/{session_id}"), "sessionId": session_id }
}

/// A session.
pub(crate) fn session(session_id: &str, status: &str) -> Document {
    let now = DateTime::from_millis(timestamp(0));
    doc! {
        "_id": format!("{TENANT}/{session_id}"), "tenantId": TENANT, "sessionId": session_id, "status": status,
        "language": LANGUAGE, "startedAt": now, "endedAt": (status == "completed").then_some(now), "endReason": null,
        "metadata": { "userId": "user_456", "channel": "phone" }, "createdAt": now, "updatedAt": now,
        "fingerprint": fingerprint(), "revision": 0_i64,
    }
}

/// The event of this number.
pub(crate) fn event(session_id: &str, number: u64, payload: &RawDocument) -> RawDocumentBuf {
    let (id, at) = (event_id(number), DateTime::from_millis(timestamp(number)));
    rawdoc! {
        "_id": format!("{TENANT}/{session_id}/{id}"), "tenantId": TENANT, "sessionId": session_id, "eventId": id,
        "type": EVENT_TYPE, "payload": payload.to_owned(), "timestamp": at, "receivedAt": at, "late": false,
        "fingerprint": fingerprint(),
    }
}

fn fingerprint() -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: vec![7; 16] }
}
