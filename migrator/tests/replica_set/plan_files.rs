//! Plans that are written, reviewed and applied later.

use std::fs;

use bson::doc;
use conversation_migrator::plan::Plan;
use tempfile::TempDir;

use crate::runner::Target;

/// Writes the target's plan to a file, changed by `edit`.
async fn written(target: &Target, edit: impl Fn(String) -> String) -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("plan.json");
    let plan = target.run(&["plan", "--output", "json"]).await;
    fs::write(&file, edit(plan.out)).expect("written");
    let file = file.to_str().expect("a path").to_owned();
    (folder, file)
}

#[tokio::test]
async fn a_plan_file_is_applied_as_it_was_written() {
    let target = Target::fresh().await;
    let (_folder, file) = written(&target, |plan| plan).await;
    let applied = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert_eq!(applied.status, 0, "{}", applied.err);
    let again = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert_eq!((again.status, again.out.as_str()), (0, "nothing to do\n"), "{}", again.err);
}

#[tokio::test]
async fn a_reviewed_plan_may_do_what_it_was_made_for() {
    let target = Target::applied().await;
    target.create_index("events", "extra", doc! { "type": 1 }).await;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("plan.json");
    let options = ["--output", "json", "--allow-drop", "events.extra", "--ignore-index-use"];
    let plan = target.run(&[&["plan"][..], &options].concat()).await;
    fs::write(&file, plan.out).expect("written");
    let applied = target.run(&["apply", "--yes", "--plan", file.to_str().expect("a path")]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["verify"]).await.status, 0, "the index is gone");
}

#[tokio::test]
async fn a_plan_file_that_was_edited_is_refused() {
    let target = Target::fresh().await;
    let (_folder, file) =
        written(&target, |plan| plan.replace("create-index events.timeline", "create-index events.other")).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("changed after it was written"), "{}", refused.err);
}

#[tokio::test]
async fn a_plan_file_of_another_place_is_refused() {
    let (target, other) = (Target::fresh().await, Target::fresh().await);
    let (_folder, file) = written(&other, |plan| plan).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("another deployment or database"), "{}", refused.err);
}

/// A plan file that is intact and says something else than the one that it was made from.
fn resealed(plan: &str, change: impl Fn(Plan) -> Plan) -> String {
    let plan: Plan = serde_json::from_str(plan).expect("a plan");
    serde_json::to_string(&change(plan).sealed()).expect("JSON")
}

#[tokio::test]
async fn a_plan_file_of_another_cluster_or_another_release_is_refused() {
    let target = Target::fresh().await;
    let other_cluster =
        |plan: String| resealed(&plan, |plan| Plan { cluster: "0123456789abcdef01234567".into(), ..plan });
    let (_folder, file) = written(&target, other_cluster).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert!(refused.status == 1 && refused.err.contains("another deployment"), "{}", refused.err);
    let other_release =
        |plan: String| resealed(&plan, |plan| Plan { schema_checksum: "0123456789abcdef".into(), ..plan });
    let (_folder, file) = written(&target, other_release).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert!(refused.status == 1 && refused.err.contains("use one release for both"), "{}", refused.err);
}

#[tokio::test]
async fn a_plan_file_is_refused_when_the_deployment_has_moved() {
    let target = Target::fresh().await;
    let (_folder, file) = written(&target, |plan| plan).await;
    target.run_command(doc! { "create": "sessions" }).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("has moved since"), "{}", refused.err);
}

#[tokio::test]
async fn what_is_no_plan_file_is_refused() {
    let target = Target::fresh().await;
    let (_folder, file) = written(&target, |_| "{}".to_owned()).await;
    let refused = target.run(&["apply", "--yes", "--plan", &file]).await;
    assert!(refused.status == 1 && refused.err.contains("is not a plan file"), "{}", refused.err);
    let refused = target.run(&["apply", "--yes", "--plan", "/none"]).await;
    assert!(refused.status == 1 && refused.err.contains("cannot be read"), "{}", refused.err);
}
