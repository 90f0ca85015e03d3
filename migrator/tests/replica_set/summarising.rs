//! Summaries for jobs, and the exit statuses that these read.

use std::fs;

use bson::doc;
use conversation_testkit::free_port;
use serde_json::Value;
use tempfile::TempDir;

use crate::runner::{Run, Target, run};

/// Runs a command and reads its summary.
async fn summarised(target: &Target, arguments: &[&str], variables: &[(&str, &str)]) -> (Run, Value) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("summary.json");
    let mut command = target.command(arguments);
    command.env("SUMMARY_FILE", &file).envs(variables.iter().copied());
    let ended = run(command).await;
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err));
    assert!(text.len() <= 4096, "{} bytes", text.len());
    (ended, serde_json::from_str(&text).expect("JSON"))
}

#[tokio::test]
async fn a_summary_tells_what_is_to_be_done_and_what_was() {
    let target = Target::fresh().await;
    let (planned, summary) = summarised(&target, &["plan"], &[]).await;
    assert_eq!((planned.status, &summary["command"], &summary["outcome"]), (2, &"plan".into(), &"pending".into()));
    assert_eq!(summary["steps"][0]["id"], "create-collection sessions");
    assert_eq!(summary["steps"][0]["risk"], "none");
    let approval = summary["approval"].as_str().expect("an approval").to_owned();
    assert_eq!((approval.len(), &summary["schemaVersion"], &summary["omitted"]), (16, &1.into(), &0.into()));
    let (applied, summary) = summarised(&target, &["apply", "--yes", "--expect", &approval], &[]).await;
    assert_eq!((applied.status, &summary["outcome"]), (0, &"clean".into()), "{}{}", applied.out, applied.err);
    assert_eq!(summary["steps"], Value::Array(Vec::new()));
    assert!(summary["error"].is_null());
}

#[tokio::test]
async fn a_summary_tells_what_is_destructive_drift_and_blocked() {
    let target = Target::applied().await;
    target.create_index("events", "by_type", doc! { "type": 1 }).await;
    let (_, summary) = summarised(&target, &["verify"], &[]).await;
    assert_eq!(
        (&summary["outcome"], &summary["drift"][0]["subject"]),
        (&"drift".into(), &"index events.by_type".into())
    );
    let drop = r#"{"allowDrop":["events.by_type"],"ignoreIndexUse":true}"#;
    let (_, summary) = summarised(&target, &["plan"], &[("SCHEMA_DECLARATION", drop)]).await;
    assert_eq!(summary["destructive"][0], "drop-index events.by_type");
    let (refused, summary) = summarised(&target, &["apply", "--yes"], &[("SCHEMA_DECLARATION", drop)]).await;
    assert_eq!((refused.status, &summary["outcome"]), (4, &"blocked".into()), "{}", refused.err);
    assert_eq!(summary["blocked"][0]["subject"], "drop-index events.by_type");
}

#[tokio::test]
async fn a_summary_of_sixty_foreign_indexes_fits() {
    let target = Target::applied().await;
    for (collection, number) in [("events", 62), ("sessions", 58)] {
        let index =
            |n: i32| doc! { "key": { format!("a_field_that_somebody_wanted_{n}"): 1 }, "name": format!("by_{n}") };
        let indexes: Vec<_> = (0..number).map(index).collect();
        target.run_command(doc! { "createIndexes": collection, "indexes": indexes }).await;
    }
    let (verified, summary) = summarised(&target, &["verify"], &[]).await;
    let told = summary["drift"].as_array().expect("a list").len();
    assert_eq!((verified.status, summary["omitted"].as_u64()), (3, Some(120 - told as u64)));
    assert!(told > 5, "{told}");
}

#[tokio::test]
async fn a_summary_of_a_deployment_that_cannot_be_reached_names_the_cause() {
    let target = Target::fresh().await;
    let port = free_port().expect("a port");
    let uri = format!("mongodb://user:geheim@127.0.0.1:{port}/?replicaSet=rs");
    let nowhere = [("MONGODB_URI", uri.as_str()), ("MONGODB_SERVER_SELECTION_SECONDS", "1")];
    for command in ["plan", "apply", "verify"] {
        let (ended, summary) = summarised(&target, &[command], &nowhere).await;
        assert_eq!((ended.status, &summary["command"], &summary["outcome"]), (1, &command.into(), &"error".into()));
        let error = summary["error"].as_str().expect("an error");
        assert!(error.contains(&format!("127.0.0.1:{port}")) && !error.contains("geheim"), "{error}");
        assert!(summary["steps"].as_array().expect("a list").is_empty() && summary["approval"].is_null(), "{summary}");
    }
    let (ended, summary) = summarised(&target, &["plan"], &[("SCHEMA_DECLARATION", "{\"day\":1}")]).await;
    assert_eq!((ended.status, &summary["outcome"]), (64, &"error".into()));
    assert!(summary["error"].as_str().expect("an error").contains("unknown field `day`"), "{summary}");
}

#[tokio::test]
async fn a_summary_that_cannot_be_written_does_not_change_how_a_run_ends() {
    let target = Target::fresh().await;
    let applied = target.run(&["apply", "--yes", "--summary", "/none/summary.json"]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert!(applied.err.contains("no summary in /none/summary.json"), "{}", applied.err);
}

#[tokio::test]
async fn every_outcome_has_its_exit_status_and_may_be_said_to_be_none() {
    let (pending, drifted, blocked) = (Target::fresh().await, Target::applied().await, Target::applied().await);
    drifted.create_index("events", "by_type", doc! { "type": 1 }).await;
    blocked.run_command(doc! { "dropIndexes": "events", "index": "timeline" }).await;
    blocked.create_index("events", "timeline", doc! { "sessionId": 1 }).await;
    let newer = Target::applied().await;
    newer
        .run_command(doc! {
            "update": "migrations",
            "updates": [{ "q": { "_id": "schema" }, "u": { "$inc": { "version": 1 } } }],
        })
        .await;
    for (target, arguments, status) in [
        (&pending, &["plan"][..], 2),
        (&pending, &["verify"], 2),
        (&pending, &["plan", "--exit-zero-on", "pending"], 0),
        (&pending, &["plan", "--exit-zero-on", "drift,blocked"], 2),
        (&pending, &["verify", "--exit-zero-on", "blocked,pending"], 0),
        (&pending, &["apply"], 1),
        (&pending, &["apply", "--exit-zero-on", "pending,drift,blocked"], 1),
        (&pending, &["apply", "--yes", "--only", "create-collection events", "--exit-zero-on", "pending"], 0),
        (&drifted, &["plan"], 3),
        (&drifted, &["plan", "--exit-zero-on", "drift"], 0),
        (&drifted, &["verify", "--exit-zero-on", "drift"], 0),
        (&drifted, &["apply", "--yes"], 3),
        (&drifted, &["apply", "--yes", "--exit-zero-on", "drift"], 0),
        (&blocked, &["plan"], 4),
        (&blocked, &["apply", "--yes", "--exit-zero-on", "drift"], 4),
        (&blocked, &["verify", "--exit-zero-on", "pending,drift,blocked"], 0),
        (&blocked, &["apply", "--yes", "--exit-zero-on", "drift,newer"], 4),
        (&newer, &["apply", "--yes", "--exit-zero-on", "drift"], 4),
        (&newer, &["apply", "--yes", "--exit-zero-on", "drift,newer"], 0),
        (&newer, &["verify", "--exit-zero-on", "newer"], 0),
        (&pending, &["--help"], 0),
        (&pending, &["--version"], 0),
        (&pending, &["plan", "--allow-drops", "events.x"], 64),
        (&pending, &["plans"], 64),
        (&pending, &["plan", "--exit-zero-on", "error"], 64),
        (&pending, &["apply", "--lease-seconds", "0"], 64),
        (&pending, &["apply", "--plan", "f", "--expect", "a"], 64),
        (&pending, &["plan", "--declaration", "retention=9"], 64),
        (&pending, &[], 64),
    ] {
        let ended = target.run(arguments).await;
        assert_eq!(ended.status, status, "{arguments:?}: {}{}", ended.out, ended.err);
    }
}
