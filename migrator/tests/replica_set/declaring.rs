//! What a deployment adds to the schema.

use bson::doc;
use conversation_core::{Rules, Store as _};
use conversation_store::{MongoSettings, MongoStore};

use crate::runner::Target;

const AGENT: &str = r#"{"indexes":[{"collection":"sessions","name":"by_agent",
    "keys":[{"field":"metadata.agent","order":"ascending"},{"field":"startedAt","order":"descending"}],"sparse":true}]}"#;

#[tokio::test]
async fn an_additional_index_is_planned_applied_verified_and_then_left_alone() {
    let target = Target::applied().await;
    let planned = target.run(&["plan", "--declaration", AGENT]).await;
    assert_eq!(planned.status, 2, "{}{}", planned.out, planned.err);
    assert!(planned.out.contains("create-index sessions.by_agent"), "{}", planned.out);
    let applied = target.run(&["apply", "--yes", "--declaration", AGENT]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["verify", "--declaration", AGENT]).await.status, 0);
    let again = target.run(&["apply", "--yes", "--declaration", AGENT]).await;
    assert_eq!((again.status, again.out.as_str()), (0, "nothing to do\n"));
    let advised = target.run(&["advise", "--declaration", AGENT]).await;
    assert!(advised.out.contains("declared, and not used so far"), "{}{}", advised.out, advised.err);

    // To the service it is nothing that it waits for, and nothing that is wrong.
    let settings =
        MongoSettings { uri: target.uri.clone(), database: target.database.clone(), ..MongoSettings::default() };
    let store = MongoStore::connect(settings, Rules::default()).await.expect("a store");
    assert_eq!(store.health().await.expect("an answer").missing, Vec::<String>::new());
}

#[tokio::test]
async fn an_additional_index_that_is_removed_by_hand_or_from_the_declaration_is_drift() {
    let target = Target::fresh().await;
    let mut apply = target.command(&["apply", "--yes"]);
    apply.env("SCHEMA_DECLARATION", AGENT);
    let applied = crate::runner::run(apply).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);

    target.run_command(doc! { "dropIndexes": "sessions", "index": "by_agent" }).await;
    let verified = target.run(&["verify", "--declaration", AGENT]).await;
    assert_eq!(verified.status, 3, "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("was applied before and is no longer so"), "{}", verified.out);
    assert_eq!(target.run(&["apply", "--yes", "--declaration", AGENT]).await.status, 0);

    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3, "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("index sessions.by_agent") && verified.out.contains("allowDrop"), "{}", verified.out);
    let dropping = r#"{"allowDrop":["sessions.by_agent"],"ignoreIndexUse":true}"#;
    let refused = target.run(&["apply", "--yes", "--declaration", dropping]).await;
    assert_eq!(refused.status, 4, "nobody approved it: {}{}", refused.out, refused.err);
    assert!(refused.out.contains("--allow-destructive"), "{}", refused.out);
    let dropped = target.run(&["apply", "--yes", "--declaration", dropping, "--allow-destructive"]).await;
    assert_eq!(dropped.status, 0, "{}{}", dropped.out, dropped.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn a_plan_file_has_its_own_declaration() {
    let target = Target::fresh().await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("plan.json");
    let planned = target.run(&["plan", "--output", "json", "--declaration", AGENT]).await;
    std::fs::write(&file, planned.out).expect("written");
    let file = file.to_str().expect("a path");
    let applied = target.run(&["apply", "--yes", "--plan", file]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["verify", "--declaration", AGENT]).await.status, 0);
}

#[tokio::test]
async fn a_declaration_that_cannot_be_kept_is_refused_before_anything_is_done() {
    let target = Target::fresh().await;
    for (declaration, status, expected) in [
        (r#"{"retantion":{}}"#, 64, "unknown field `retantion`"),
        (r#"{"retention":{"days":0}}"#, 4, "retention.days"),
        (&AGENT.replace("by_agent", "session"), 4, "indexes[0].name"),
        (&AGENT.replace("sessions", "calls"), 4, "calls is no collection"),
        (r#"{"shardKeys":{"events":[{"field":"tenantId"}]}}"#, 4, "reaches one shard"),
    ] {
        for command in [&["plan"][..], &["apply", "--yes"], &["verify"]] {
            let refused = target.run(&[command, &["--declaration", declaration]].concat()).await;
            assert_eq!(refused.status, status, "{command:?} {declaration}: {}{}", refused.out, refused.err);
            let told = [refused.out, refused.err].concat();
            assert!(told.contains(expected), "{expected} in {told}");
        }
    }
    assert_eq!(target.collection("migrations").count_documents(doc! {}).await.expect("counted"), 0);
}
