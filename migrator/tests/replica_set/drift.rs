//! What was changed by hand is found and named.

use bson::doc;

use crate::runner::Target;

#[tokio::test]
async fn a_dropped_index_is_drift_and_apply_builds_it_again() {
    let target = Target::applied().await;
    target.run_command(doc! { "dropIndexes": "events", "index": "timeline" }).await;
    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3);
    assert!(verified.out.contains("create-index events.timeline"), "{}", verified.out);
    assert_eq!(target.run(&["apply", "--yes"]).await.status, 0);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn an_index_that_is_not_declared_goes_only_when_it_is_named() {
    let target = Target::applied().await;
    target.create_index("events", "by_type", doc! { "type": 1 }).await;
    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3);
    assert!(verified.out.contains("--allow-drop events.by_type"), "{}", verified.out);
    let blocked = target.run(&["apply", "--yes", "--allow-drop", "events.by_type"]).await;
    assert_eq!(blocked.status, 4, "its use is not known for long enough: {}", blocked.out);
    assert!(blocked.out.contains("less than a week"), "{}", blocked.out);
    let dropped = target.run(&["apply", "--yes", "--allow-drop", "events.by_type", "--ignore-index-use"]).await;
    assert_eq!(dropped.status, 0, "{}{}", dropped.out, dropped.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn a_changed_expiry_is_drift_and_is_changed_back() {
    let target = Target::applied().await;
    target
        .run_command(doc! { "collMod": "sessions", "index": { "name": "tombstone_expiry", "expireAfterSeconds": 60 } })
        .await;
    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3);
    assert!(verified.out.contains("set-expiry sessions.tombstone_expiry"), "{}", verified.out);
    let mended = target.run(&["apply", "--yes"]).await;
    assert_eq!(mended.status, 0, "{}{}", mended.out, mended.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn an_index_with_other_options_blocks_until_it_is_dropped_by_name() {
    let target = Target::applied().await;
    target.run_command(doc! { "dropIndexes": "sessions", "index": "tombstone_sweep" }).await;
    target.create_index("sessions", "tombstone_sweep", doc! { "sweepAfter": 1 }).await;
    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 4, "it is not sparse: {}", verified.out);
    assert!(verified.out.contains("--allow-drop sessions.tombstone_sweep"), "{}", verified.out);
    let drop = ["apply", "--yes", "--allow-drop", "sessions.tombstone_sweep", "--ignore-index-use"];
    let mended = target.run(&drop).await;
    assert_eq!(mended.status, 0, "{}{}", mended.out, mended.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn a_validator_that_was_taken_off_is_put_back_unless_documents_break_it() {
    let target = Target::applied().await;
    target.run_command(doc! { "collMod": "events", "validator": {} }).await;
    assert_eq!(target.run(&["verify"]).await.status, 3);
    target.collection("events").insert_one(doc! { "_id": "a/b/c" }).await.expect("nothing checks it");
    let blocked = target.run(&["apply", "--yes"]).await;
    assert_eq!(blocked.status, 4);
    assert!(blocked.out.contains("1 stored documents break it"), "{}", blocked.out);
    target.collection("events").delete_one(doc! { "_id": "a/b/c" }).await.expect("deleted");
    assert_eq!(target.run(&["apply", "--yes"]).await.status, 0);
}
