//! What a document of each collection is, as the server checks it: the fields that this service always writes and their
//! types. Sizes and alphabets are the service's own to check, where an error can name the field.

use bson::{Document, doc};

/// A session, or the tombstone of one.
pub(super) fn session() -> Document {
    let tombstone = doc! {
        "required": ["_id", "tenantId", "sessionId", "erasedAt", "expiresAt"],
        "properties": { "erasedAt": { "bsonType": "date" }, "expiresAt": { "bsonType": "date" } },
    };
    let live = doc! {
        "required": ["_id", "tenantId", "sessionId", "status", "language", "startedAt", "createdAt", "updatedAt"],
        "properties": {
            "status": { "enum": ["initiated", "active", "completed", "failed"] },
            "language": { "bsonType": "string" },
            "startedAt": { "bsonType": "date" },
            "endedAt": { "bsonType": ["date", "null"] },
            "metadata": { "bsonType": "object" },
            "createdAt": { "bsonType": "date" },
            "updatedAt": { "bsonType": "date" },
        },
    };
    doc! {
        "$jsonSchema": {
            "bsonType": "object",
            "properties": {
                "_id": { "bsonType": "string" },
                "tenantId": { "bsonType": "string" },
                "sessionId": { "bsonType": "string" },
            },
            "anyOf": [live, tombstone],
        }
    }
}

/// An event.
pub(super) fn event() -> Document {
    doc! {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "tenantId", "sessionId", "eventId", "type", "payload", "timestamp", "receivedAt"],
            "properties": {
                "_id": { "bsonType": "string" },
                "tenantId": { "bsonType": "string" },
                "sessionId": { "bsonType": "string" },
                "eventId": { "bsonType": "string" },
                "type": { "enum": ["user_speech", "bot_speech", "system"] },
                "payload": { "bsonType": "object" },
                "timestamp": { "bsonType": "date" },
                "receivedAt": { "bsonType": "date" },
            },
        }
    }
}
