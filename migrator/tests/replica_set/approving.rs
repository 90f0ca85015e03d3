//! What deletes is done only when somebody said so.

use bson::{DateTime, doc};

use crate::runner::{Run, Target};

const KEPT: &str = r#"{"retention":{"days":90}}"#;

async fn with(target: &Target, command: &[&str], declaration: &str) -> Run {
    target.run(&[command, &["--declaration", declaration]].concat()).await
}

async fn approval(target: &Target, declaration: &str) -> String {
    let planned = with(target, &["plan", "--output", "json"], declaration).await;
    let plan: serde_json::Value = serde_json::from_str(&planned.out).expect("JSON");
    plan["approval"].as_str().expect("an approval").to_owned()
}

async fn receive(target: &Target, event: &str) {
    let event = doc! {
        "_id": format!("default/s/{event}"), "tenantId": "default", "sessionId": "s", "eventId": event,
        "type": "system", "payload": {}, "timestamp": DateTime::now(), "receivedAt": DateTime::now(),
    };
    target.collection("events").insert_one(event).await.expect("inserted");
}

async fn expiry(target: &Target) -> Option<u64> {
    let indexes = target.collection("events").list_indexes().await.expect("an answer");
    let indexes: Vec<mongodb::IndexModel> = futures_util::TryStreamExt::try_collect(indexes).await.expect("indexes");
    indexes.into_iter().find_map(|index| index.options?.expire_after).map(|after| after.as_secs())
}

#[tokio::test]
async fn retention_over_documents_needs_an_approval_that_lasts_while_documents_arrive() {
    let target = Target::applied().await;
    receive(&target, "e1").await;
    let refused = with(&target, &["apply", "--yes"], KEPT).await;
    assert_eq!(refused.status, 4, "{}{}", refused.out, refused.err);
    let approval = approval(&target, KEPT).await;
    for expected in ["create-index events.retention", "90 days", &format!("--expect {approval}"), "--allow-destructive"]
    {
        assert!(refused.out.contains(expected), "{expected} in {}", refused.out);
    }
    assert_eq!(expiry(&target).await, None);
    receive(&target, "e2").await;
    let applied = with(&target, &["apply", "--yes", "--expect", &approval], KEPT).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(expiry(&target).await, Some(90 * 86_400));
    let again = with(&target, &["apply", "--yes", "--expect", &approval], KEPT).await;
    assert_eq!((again.status, again.out.as_str()), (0, "nothing to do\n"), "a job may be repeated: {}", again.err);
}

#[tokio::test]
async fn an_approval_of_another_plan_is_refused() {
    let target = Target::applied().await;
    receive(&target, "e1").await;
    let approved = approval(&target, KEPT).await;
    let shorter = KEPT.replace("90", "30");
    let refused = with(&target, &["apply", "--yes", "--expect", &approved], &shorter).await;
    assert_eq!(refused.status, 4, "{}{}", refused.out, refused.err);
    let now = approval(&target, &shorter).await;
    assert!(refused.out.contains(&approved) && refused.out.contains(&format!("--expect {now}")), "{}", refused.out);
    assert_eq!(expiry(&target).await, None);
}

#[tokio::test]
async fn a_plan_file_is_an_approval_of_what_it_holds() {
    let target = Target::applied().await;
    receive(&target, "e1").await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("plan.json");
    std::fs::write(&file, with(&target, &["plan", "--output", "json"], KEPT).await.out).expect("written");
    let file = file.to_str().expect("a path");
    // The variable of the day says something else, and is not asked.
    let applied = with(&target, &["apply", "--yes", "--plan", file], r#"{"retention":{"days":1}}"#).await;
    assert_eq!(expiry(&target).await, Some(90 * 86_400), "{}{}", applied.out, applied.err);
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
}

#[tokio::test]
async fn a_run_that_was_interrupted_goes_on_under_the_same_approval() {
    let target = Target::applied().await;
    receive(&target, "e1").await;
    let approval = approval(&target, KEPT).await;
    let begun = ["apply", "--yes", "--expect", &approval, "--only", "create-index sessions.retention"];
    let begun = with(&target, &begun, KEPT).await;
    assert_eq!(begun.status, 2, "{}{}", begun.out, begun.err);
    let rest = with(&target, &["apply", "--yes", "--expect", &approval], KEPT).await;
    assert_eq!(rest.status, 0, "{}{}", rest.out, rest.err);
    // The run is over, and its approval with it.
    target.run_command(doc! { "dropIndexes": "events", "index": "retention" }).await;
    let reused = with(&target, &["apply", "--yes", "--expect", &approval], KEPT).await;
    assert_eq!(reused.status, 4, "{}{}", reused.out, reused.err);
}

#[tokio::test]
async fn shorter_retention_needs_an_approval_and_longer_retention_none() {
    let target = Target::fresh().await;
    let applied = with(&target, &["apply", "--yes"], KEPT).await;
    assert_eq!(applied.status, 0, "nothing is there to be lost: {}{}", applied.out, applied.err);
    receive(&target, "e1").await;
    let longer = KEPT.replace("90", "120");
    let planned = with(&target, &["plan"], &longer).await;
    assert_eq!(planned.status, 2, "it is declared, and not changed by hand: {}", planned.out);
    assert!(planned.out.contains("set-expiry events.retention"), "{}", planned.out);
    let applied = with(&target, &["apply", "--yes"], &longer).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(expiry(&target).await, Some(120 * 86_400));
    let refused = with(&target, &["apply", "--yes"], KEPT).await;
    assert!(refused.status == 4 && refused.out.contains("120 days"), "{}", refused.out);
    let applied = with(&target, &["apply", "--yes", "--allow-destructive"], KEPT).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(expiry(&target).await, Some(90 * 86_400));

    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3);
    assert!(verified.out.contains("still deletes documents 90 days after their receivedAt"), "{}", verified.out);
    let ended = ["apply", "--yes", "--allow-drop", "events.retention", "--allow-drop", "sessions.retention"];
    let ended = target.run(&ended).await;
    assert_eq!(ended.status, 0, "a flag is an approval: {}{}", ended.out, ended.err);
    assert_eq!(expiry(&target).await, None);
}
