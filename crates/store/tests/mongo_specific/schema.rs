//! The declared schema and a real database.

use conversation_core::{Rules, Store as _};
use conversation_store::{
    MongoSettings, MongoStore,
    mongo::schema::{DECLARED, SESSIONS},
};
use conversation_testkit::ReplicaSet;

use crate::support::*;

#[tokio::test]
async fn what_is_missing_is_named_and_then_created_where_that_is_allowed() {
    let set = ReplicaSet::shared().await.expect("a replica set");
    let settings = settings(set);
    let bare = MongoStore::connect(MongoSettings { auto_migrate: false, ..settings.clone() }, Rules::default()).await;
    let bare = bare.expect("a store");
    let missing = bare.health().await.expect("an answer").missing;
    for index in DECLARED.iter().flat_map(|collection| collection.indexes) {
        assert!(missing.iter().any(|text| text.contains(index.name)), "{} in {missing:#?}", index.name);
    }

    let migrated = MongoStore::connect(settings, Rules::default()).await.expect("a store");
    let health = migrated.health().await.expect("an answer");
    assert_eq!(health.missing, Vec::<String>::new());
    assert!(health.store.starts_with("MongoDB 6."), "{}", health.store);
    assert_eq!(bare.health().await.expect("an answer").missing, Vec::<String>::new());
}

#[tokio::test]
async fn an_index_that_is_dropped_is_missed_by_name() {
    let fixture = fixture().await;
    let sessions = fixture.database.collection::<bson::Document>(SESSIONS);
    sessions.drop_index("tombstone_expiry").await.expect("dropped");
    let missing = fixture.store.health().await.expect("an answer").missing;
    assert_eq!(missing, [r#"index tombstone_expiry of sessions: { "expiresAt": 1 }, sparse, expiring after 0 s"#]);
}
