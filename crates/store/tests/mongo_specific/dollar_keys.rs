//! Keys that mean something to the server are data, in every place that free-form JSON goes to.

use conversation_core::{JsonObject, SessionPatch, Store as _, json::Bounds, session::MetadataPatch, store::Written};

use crate::support::*;

const KEYS: &str =
    r#"{"$set":{"x.y":1},"x.y":{"$inc":2},"$ref":"c","$id":1,"$db":"d","":{"":0},"__proto__":{},"_id":1,"$$NOW":"$a"}"#;

#[tokio::test]
async fn they_survive_in_payloads() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let Written::New(_) = fixture.append_one("s", event("e", KEYS, None)).await.expect("appended") else {
        panic!("an event that is new");
    };
    let events = fixture.store.event(&key("s"), &event("e", "{}", None).event_id).await.expect("an event");
    assert_eq!(events.payload.as_str(), KEYS);
}

#[tokio::test]
async fn they_survive_in_metadata_of_a_create_and_of_a_patch() {
    let fixture = fixture().await;
    let mut new = new_session("s");
    new.metadata = JsonObject::parse(KEYS, Bounds::NONE).ok();
    fixture.store.create_session(new, NOW).await.expect("created");
    assert_eq!(fixture.store.session(&key("s")).await.expect("a session").metadata.as_str(), KEYS);

    fixture.opened("p").await;
    let patch = SessionPatch { language: None, metadata: Some(MetadataPatch::Merge(object(KEYS))) };
    let patched = fixture.store.update_session(&key("p"), patch, NOW).await.expect("patched");
    assert!(patched.metadata.same_content(&object(KEYS)), "{:?}", patched.metadata);
    assert_eq!(fixture.store.session(&key("p")).await.expect("a session"), patched);
}
