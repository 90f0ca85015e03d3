//! What is in the files themselves.

use std::{fs, path::Path};

use conversation_core::{
    EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, Store as _, TenantId,
    Timestamp, json::Bounds, store::AppendOptions,
};
use conversation_store::{EmbeddedSettings, EmbeddedStore};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_millis(1_766_656_800_000);
const SECRET: &str = "my card number is 4929 1234";

fn any_file_has(folder: &Path, text: &str) -> bool {
    let files = fs::read_dir(folder).expect("a folder").map(|file| fs::read(file.expect("a file").path()));
    files.map(|content| content.expect("read")).any(|content| content.windows(text.len()).any(|w| w == text.as_bytes()))
}

#[tokio::test]
async fn nothing_of_an_erased_session_is_left_in_any_file() {
    let folder = TempDir::new().expect("a folder");
    let store = EmbeddedStore::open(&EmbeddedSettings::new(folder.path()), Rules::default()).expect("a store");
    let key = SessionKey {
        tenant: TenantId::parse("default").expect("an id"),
        session_id: SessionId::parse("s").expect("an id"),
    };
    let metadata = JsonObject::parse(&format!(r#"{{"note":"{SECRET}"}}"#), Bounds::NONE).expect("an object");
    let event_id = EventId::parse("e").expect("an id");
    let event = NewEvent::new(event_id, EventType::UserSpeech, metadata.clone(), None);
    let language = Language::parse("en").expect("a language");
    let new = NewSession { metadata: Some(metadata), ..NewSession::opened(key.clone(), language) };
    store.create_session(new, NOW).await.expect("created");
    let options = AppendOptions { now: NOW, create_session: None };
    store.append(&key, vec![event], options).await.expect("appended");
    assert!(any_file_has(folder.path(), SECRET), "it was there");
    store.erase(&key, NOW).await.expect("erased");
    assert!(!any_file_has(folder.path(), SECRET), "and is gone, from the log too");
}
