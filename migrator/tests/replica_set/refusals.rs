//! What cannot be done ends with one sentence of cause and remedy, and the right status.

use bson::doc;
use conversation_testkit::{Mongod, free_port};
use tempfile::TempDir;

use crate::runner::{Target, run};

#[tokio::test]
async fn a_host_that_does_not_answer_is_named() {
    let port = free_port().expect("a port");
    let target = Target::fresh().await;
    let mut command = target.command(&["plan", "--server-selection-seconds", "1"]);
    command.env("MONGODB_URI", format!("mongodb://user:geheim@127.0.0.1:{port}/?replicaSet=rs"));
    let refused = run(command).await;
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains(&format!("127.0.0.1:{port}")) && !refused.err.contains("geheim"), "{}", refused.err);
    assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);
}

#[tokio::test]
async fn no_connection_string_and_a_wrong_one_are_told_apart() {
    let target = Target::fresh().await;
    let mut command = target.command(&["plan"]);
    command.env_remove("MONGODB_URI");
    assert!(run(command).await.err.contains("set MONGODB_URI"));
    let mut command = target.command(&["plan"]);
    command.env("MONGODB_URI", "postgres://localhost");
    assert!(run(command).await.err.contains("not a valid connection string"));
}

#[tokio::test]
async fn without_a_terminal_yes_must_be_said() {
    let target = Target::fresh().await;
    let refused = target.run(&["apply"]).await;
    assert!(refused.status == 1 && refused.err.contains("--yes"), "{}", refused.err);
    assert_eq!(target.collection("migrations").count_documents(doc! {}).await.expect("counted"), 0);
}

#[tokio::test]
async fn a_step_that_is_not_in_the_plan_is_named() {
    let target = Target::fresh().await;
    let refused = target.run(&["apply", "--yes", "--only", "create-index events.timelime"]).await;
    assert!(refused.status == 1 && refused.err.contains("timelime"), "{}", refused.err);
}

#[tokio::test]
async fn an_index_of_the_same_name_with_other_keys_blocks() {
    let target = Target::fresh().await;
    target.create_index("events", "timeline", doc! { "sessionId": 1 }).await;
    let blocked = target.run(&["apply", "--yes"]).await;
    assert_eq!(blocked.status, 4);
    assert!(blocked.out.contains("--allow-drop events.timeline"), "{}", blocked.out);
    assert_eq!(target.collection("migrations").count_documents(doc! {}).await.expect("counted"), 0, "nothing was done");
}

#[tokio::test]
async fn a_live_lease_is_named_with_its_holder_and_its_times() {
    let target = Target::fresh().await;
    let in_a_minute = bson::DateTime::from_millis(bson::DateTime::now().timestamp_millis() + 60_000);
    let held = doc! {
        "_id": "lease", "holder": "pod-7 process 1", "token": 5_i64, "since": bson::DateTime::now(), "until": in_a_minute,
    };
    target.collection("migrations").insert_one(held).await.expect("inserted");
    let refused = target.run(&["apply", "--yes"]).await;
    assert_eq!(refused.status, 1);
    for expected in ["pod-7 process 1", "since", "until", "--wait"] {
        assert!(refused.err.contains(expected), "{expected} in {}", refused.err);
    }
}

#[tokio::test]
async fn a_standalone_server_is_refused_with_the_reason() {
    let folder = TempDir::new().expect("a folder");
    let server = Mongod::start(folder.path(), &[]).expect("started");
    server.wait_until_up().await.expect("up");
    let target = Target::fresh().await;
    let mut command = target.command(&["plan"]);
    command.env("MONGODB_URI", format!("mongodb://{}", server.address()));
    let refused = run(command).await;
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("standalone") && refused.err.contains("can be lost"), "{}", refused.err);
    assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);
}

#[tokio::test]
async fn a_run_that_is_out_of_time_says_so_and_the_next_one_carries_on() {
    let target = Target::fresh().await;
    let late = target.run(&["apply", "--yes", "--timeout", "0"]).await;
    assert!(late.status == 1 && late.err.contains("--timeout"), "{}", late.err);
    assert_eq!(target.run(&["apply", "--yes", "--wait", "40"]).await.status, 0);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}
