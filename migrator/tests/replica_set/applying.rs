//! From nothing to what is declared.

use bson::doc;
use conversation_core::{Rules, Store as _};
use conversation_store::{MongoSettings, MongoStore};

use crate::runner::Target;

#[tokio::test]
async fn an_empty_database_is_planned_applied_and_verified() {
    let target = Target::fresh().await;
    let planned = target.run(&["plan"]).await;
    assert_eq!(planned.status, 2, "{}", planned.err);
    for expected in ["create-collection sessions", "create-index events.timeline", "this is a replica set"] {
        assert!(planned.out.contains(expected), "{expected} in {}", planned.out);
    }
    assert_eq!(target.run(&["verify"]).await.status, 2);
    let applied = target.run(&["apply", "--yes"]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert!(applied.out.contains("applied, and as declared"), "{}", applied.out);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let target = Target::applied().await;
    let journal = target.collection("migrations");
    let before = journal.count_documents(doc! {}).await.expect("counted");
    let again = target.run(&["apply", "--yes"]).await;
    assert_eq!((again.status, again.out.as_str()), (0, "nothing to do\n"));
    assert_eq!(journal.count_documents(doc! {}).await.expect("counted"), before);
}

#[tokio::test]
async fn the_service_is_ready_when_the_schema_is_applied_and_says_so_when_not() {
    let target = Target::fresh().await;
    let settings =
        MongoSettings { uri: target.uri.clone(), database: target.database.clone(), ..MongoSettings::default() };
    let store = MongoStore::connect(settings, Rules::default()).await.expect("a store");
    let missing = store.health().await.expect("an answer").missing;
    assert!(missing.iter().any(|text| text.contains("conversation-migrator apply")), "{missing:?}");
    assert_eq!(target.run(&["apply", "--yes"]).await.status, 0);
    assert_eq!(store.health().await.expect("an answer").missing, Vec::<String>::new());
}

#[tokio::test]
async fn a_document_that_is_none_of_ours_is_refused_by_the_server() {
    let target = Target::applied().await;
    let refused = target.collection("events").insert_one(doc! { "_id": "a/b/c", "type": "laugh" }).await;
    assert!(refused.expect_err("refused").to_string().contains("121"), "document validation");
}

#[tokio::test]
async fn plans_are_told_as_json_and_as_markdown() {
    let target = Target::fresh().await;
    let json = target.run(&["plan", "--output", "json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(plan["steps"][0]["id"], "create-collection sessions");
    assert_eq!(plan["steps"][0]["cost"]["writesPause"], false);
    let markdown = target.run(&["plan", "--output", "markdown"]).await;
    assert!(markdown.out.contains("| step | why |") && markdown.out.contains("| --- |"), "{}", markdown.out);
}

#[tokio::test]
async fn chosen_steps_alone_are_made() {
    let target = Target::fresh().await;
    let run = target.run(&["apply", "--yes", "--only", "create-collection sessions"]).await;
    assert_eq!(run.status, 2, "the rest is pending: {}", run.err);
    let planned = target.run(&["plan"]).await;
    assert!(!planned.out.contains("create-collection sessions") && planned.out.contains("create-collection events"));
    let run = target.run(&["apply", "--yes", "--skip", "create-index events.timeline"]).await;
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(run.err.contains("record-version: left out"), "{}", run.err);
}

#[tokio::test]
async fn status_tells_the_version_the_lease_and_the_journal() {
    let target = Target::applied().await;
    let status = target.run(&["status", "--output", "json"]).await;
    let status: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(status["applied"]["version"], 1);
    assert_eq!(status["leaseIsLive"], false);
    assert!(status["lease"]["holder"].as_str().expect("a holder").contains("process"));
    let journal = status["journal"].as_array().expect("entries");
    assert!(journal.iter().all(|entry| entry["state"] == "made"), "{journal:?}");
    assert!(journal.iter().any(|entry| entry["step"] == "create-index events.timeline"), "{journal:?}");
}
