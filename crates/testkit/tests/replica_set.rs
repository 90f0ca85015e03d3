//! The replica set does what the store's fault tests rely on.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use conversation_testkit::{ReplicaSet, unique_database};
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::WriteConcern;
use mongodb::{Client, Collection};

/// The kernel's flag of a thread that is ending.
const PF_EXITING: u32 = 0x4;

fn events(client: &Client) -> Collection<Document> {
    client.database(&unique_database()).collection("events")
}

#[tokio::test]
async fn an_acknowledged_write_survives_the_kill_of_the_primary() -> Result<()> {
    let set = ReplicaSet::start(3).await?;
    let events = events(&set.client().await?);
    let event = doc! { "_id": "acknowledged" };
    let majority = WriteConcern::majority();
    events.insert_one(&event).write_concern(majority.clone()).await?;

    let old = set.primary().await?;
    set.kill(old)?;
    let new = set.primary().await?;
    assert_ne!(new, old);
    assert_eq!(events.find_one(event.clone()).await?, Some(event));

    set.restart(old).await?;
    set.wait_until_healthy().await?;
    events.insert_one(doc! { "_id": "after" }).write_concern(majority).await?;
    Ok(())
}

#[tokio::test]
async fn a_paused_primary_is_replaced_and_so_is_one_that_steps_down() -> Result<()> {
    let set = ReplicaSet::start(3).await?;
    let first = set.primary().await?;
    set.pause(first)?;
    let second = set.primary().await?;
    assert_ne!(second, first);
    set.resume(first)?;
    set.wait_until_healthy().await?;
    assert_ne!(set.step_down().await?, second);
    assert_eq!(set.pids().len(), 3);
    assert!(set.member(second).process().cpu_seconds()? > 0.0);
    Ok(())
}

#[tokio::test]
async fn a_paused_member_answers_nothing_from_the_moment_it_is_paused() -> Result<()> {
    let set = ReplicaSet::start(1).await?;
    let process = set.member(0).process();
    for _ in 0..200 {
        set.pause(0)?;
        set.pause(0)?; // again is no harm
        let mut stopped = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", process.pid()))? {
            // One that was about to end does so all the same.
            let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
            let (_, fields) = stat.rsplit_once(") ").context("a state after the name")?;
            let fields: Vec<&str> = fields.split(' ').collect();
            let ending = fields[6].parse::<u32>()? & PF_EXITING != 0;
            assert!(fields[0] == "T" || ending, "{stat}");
            stopped += u32::from(fields[0] == "T");
        }
        assert!(stopped > 0);
        set.resume(0)?;
    }
    set.kill(0)?;
    assert!(set.pause(0).is_err(), "what has ended cannot be paused");
    Ok(())
}

#[tokio::test]
async fn a_failing_command_fails_as_asked_and_then_no_more() -> Result<()> {
    let set = ReplicaSet::start(1).await?;
    let events = events(&set.client().await?);
    // 11600, interrupted at shutdown, would be retried by the driver; 2 (bad value) is not.
    let data = doc! { "failCommands": ["insert"], "errorCode": 2 };
    set.fail_command(doc! { "mode": "alwaysOn", "data": data }).await?;
    let refused = events.insert_one(doc! {}).await.err().context("refusal")?;
    assert!(matches!(*refused.kind, ErrorKind::Command(ref error) if error.code == 2));
    set.stop_failing().await?;
    events.insert_one(doc! {}).await?;
    Ok(())
}

#[tokio::test]
async fn the_shared_set_serves_tests_on_other_runtimes() -> Result<()> {
    let set = ReplicaSet::shared().await?;
    let events = events(&set.client().await?);
    tokio::time::timeout(Duration::from_secs(30), events.insert_one(doc! {})).await??;
    Ok(())
}
