//! Runners that are killed, that meet each other, and that run out of time.

use std::time::Duration;

use bson::doc;
use conversation_testkit::{ReplicaSet, until};
use mongodb::Database;

use crate::runner::{Target, finished};

const DEADLINE: Duration = Duration::from_secs(60);
/// The commands by which a run changes something.
const CHANGES: [&str; 5] = ["create", "createIndexes", "insert", "update", "findAndModify"];

/// Lets so many changes of the migrator through, and holds up the next one. Returns how often that happened before.
async fn hold_up_after(admin: &Database, changes: i32) -> i64 {
    let holding = doc! {
        "configureFailPoint": "failCommand",
        "mode": { "skip": changes },
        "data": {
            "failCommands": CHANGES.to_vec(),
            "appName": "conversation-migrator",
            "blockConnection": true,
            // Long enough to be seen. Afterwards the server carries on with it, though its sender is dead.
            "blockTimeMS": 1_000,
        },
    };
    let before = admin.run_command(holding).await.expect("the server takes it");
    before.get_i32("count").map(i64::from).or_else(|_| before.get_i64("count")).expect("a count")
}

/// Whether the fail point holds up another command than those before.
async fn is_held_up(admin: &Database, before: i64) -> bool {
    let wait = doc! { "waitForFailPoint": "failCommand", "timesEntered": before + 1, "maxTimeMS": 50 };
    admin.run_command(wait).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_change_the_next_run_ends_verified() {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let admin = set.client().await.expect("a client").database("admin");
    let mut killed = 0;
    loop {
        let changes = killed;
        let target = Target::on(&set).await;
        let before = hold_up_after(&admin, changes).await;
        let mut run = target.spawn(&["apply", "--yes", "--lease-seconds", "1"]);
        let held_up = until(DEADLINE, "the run to be held up or to end", async || {
            if run.try_wait().expect("a process").is_some() {
                Some(false)
            } else {
                is_held_up(&admin, before).await.then_some(true)
            }
        });
        let held_up = held_up.await.expect("in time");
        run.kill().expect("killed");
        run.wait().expect("reaped");
        let was_held_up = held_up || is_held_up(&admin, before).await;
        set.stop_failing().await.expect("the server takes it");
        if !was_held_up {
            break;
        }
        if !held_up {
            // It ended before anybody saw it held up.
            continue;
        }
        killed += 1;
        let again = target.run(&["apply", "--yes", "--wait", "20"]).await;
        assert_eq!(again.status, 0, "after {changes} changes: {}{}", again.out, again.err);
        assert_eq!(target.run(&["verify"]).await.status, 0, "after {changes} changes");
    }
    assert!(
        killed >= 20,
        "a run has a lease, a journal and a change for each step, but was killed only {killed} times"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runners_one_works_and_the_other_waits() {
    let target = Target::fresh().await;
    let runs: Vec<_> = (0..4).map(|_| target.spawn(&["apply", "--yes", "--wait", "60"])).collect();
    let mut had_it = 0;
    for run in runs {
        let ended = tokio::task::spawn_blocking(move || run.wait_with_output()).await.expect("no panic");
        let ended = finished(ended.expect("it ends"));
        assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
        // One that looked when all was done already needs no lease.
        had_it += i64::from(ended.out != "nothing to do\n");
    }
    assert!(had_it > 0);
    assert_eq!(target.run(&["verify"]).await.status, 0);
    let lease = target.collection("migrations").find_one(doc! { "_id": "lease" }).await.expect("an answer");
    assert_eq!(lease.expect("a lease").get_i64("token").ok(), Some(had_it), "each had the lease once");
}
