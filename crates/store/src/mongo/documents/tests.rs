//! What is written is read back, and a tombstone is no session.

use conversation_core::{NewEvent, NewSession, json::Bounds};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn key() -> SessionKey {
    SessionKey { tenant: TenantId::parse("t").expect("an id"), session_id: SessionId::parse("s").expect("an id") }
}

fn session(status: Status) -> Session {
    let new = NewSession {
        status: Some(status),
        metadata: JsonObject::parse(r#"{"$set":{"x.y":1}}"#, Bounds::NONE).ok(),
        ..NewSession::opened(key(), Language::parse("en").expect("a tag"))
    };
    new.into_session(NOW)
}

#[test]
fn a_session_comes_back_as_it_was() {
    for session in [session(Status::Initiated), Session { end_reason: Some("x".into()), ..session(Status::Failed) }] {
        let document = write_session(&session).expect("a document");
        assert_eq!(read_session(&document).expect("a session"), session);
    }
}

#[test]
fn an_event_comes_back_as_it_was() {
    let payload = JsonObject::parse(r#"{"a":[1,2.0]}"#, Bounds::NONE).expect("an object");
    let new = NewEvent::new(EventId::parse("e").expect("an id"), EventType::BotSpeech, payload, None);
    let event = new.into_event(NOW, true);
    let document = write_event(&key(), &event).expect("a document");
    assert_eq!(read_event(&document).expect("an event"), event);
    assert_eq!(document.get_str("_id").ok(), Some("t/s/e"));
}

#[test]
fn a_tombstone_holds_nothing_of_the_session_and_reads_as_erased() {
    let tombstone = write_tombstone(&key(), NOW, NOW, NOW);
    assert!(matches!(read_session(&tombstone), Err(StoreError::SessionErased)));
    let names: Vec<_> = tombstone.iter_elements().flatten().map(|element| element.key().to_string()).collect();
    assert_eq!(names, ["_id", "tenantId", "sessionId", "erasedAt", "expiresAt", "sweepAfter"]);
    assert_eq!(read_key(&tombstone).expect("a key"), key());
}

#[test]
fn a_document_of_another_writer_is_corrupt() {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("status"), "unheard-of");
    assert!(matches!(read_session(&document), Err(StoreError::Corrupt(_))));
    assert!(matches!(read_event(&document), Err(StoreError::Corrupt(_))));
}
