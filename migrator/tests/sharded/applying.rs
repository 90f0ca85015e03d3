//! From nothing to a distributed deployment.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use bson::{Document, doc};
use conversation_testkit::{ShardedCluster, until};
use mongodb::{Collection, options::WriteConcern};

use crate::runner::Target;

pub(crate) async fn fresh() -> (&'static ShardedCluster, Target) {
    let cluster = ShardedCluster::shared().await.expect("a cluster");
    (cluster, Target::at(cluster.uri()).await)
}

#[tokio::test]
async fn an_empty_cluster_is_planned_applied_and_verified_and_then_left_alone() {
    let (_, target) = fresh().await;
    let planned = target.run(&["plan"]).await;
    assert_eq!(planned.status, 2, "{}", planned.err);
    assert!(planned.out.contains("shard-collection events"), "{}", planned.out);
    let applied = target.run(&["apply", "--yes"]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
    let again = target.run(&["apply", "--yes"]).await;
    assert_eq!((again.status, again.out.as_str()), (0, "nothing to do\n"));
}

#[tokio::test]
async fn growing_ids_are_spread_within_ten_percent() {
    const SESSIONS: u32 = 2_000;
    let (cluster, target) = fresh().await;
    assert_eq!(target.run(&["apply", "--yes", "--skip", "record-version"]).await.status, 2);
    let events = (0..SESSIONS).map(|n| {
        doc! {
            "_id": format!("default/01JFZ{n:08}/e"), "tenantId": "default", "sessionId": format!("01JFZ{n:08}"),
            "eventId": "e", "type": "system", "payload": {}, "timestamp": bson::DateTime::now(),
            "receivedAt": bson::DateTime::now(),
        }
    });
    target.collection("events").insert_many(events).await.expect("inserted");
    let mut counts = Vec::new();
    for shard in 0..cluster.shard_count() {
        let client = cluster.shard(shard).client().await.expect("a client");
        let events: Collection<Document> = client.database(&target.database).collection("events");
        counts.push(events.count_documents(doc! {}).await.expect("counted"));
    }
    let fair = u64::from(SESSIONS) / counts.len() as u64;
    assert!(counts.iter().all(|count| count.abs_diff(fair) * 10 <= fair), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_the_next_run_ends_verified() {
    let (cluster, _) = fresh().await;
    let steps = 11;
    for step in 1..=steps {
        let target = Target::at(cluster.uri()).await;
        let mut run = target.spawn(&["apply", "--yes", "--lease-seconds", "1"]);
        let told = run.stderr.take().expect("a pipe");
        let begun = format!("[{step}/{steps}]");
        tokio::task::spawn_blocking(move || {
            BufReader::new(told).lines().map_while(Result::ok).find(|line| line.starts_with(&begun)).expect("the step");
        })
        .await
        .expect("the step begins");
        run.kill().expect("killed");
        run.wait().expect("reaped");
        let again = target.run(&["apply", "--yes", "--wait", "30"]).await;
        assert_eq!(again.status, 0, "after step {step}: {}{}", again.out, again.err);
        assert_eq!(target.run(&["verify"]).await.status, 0, "after step {step}");
    }
}

#[tokio::test]
async fn drift_is_found_and_named_on_a_cluster_too() {
    let (_, target) = fresh().await;
    assert_eq!(target.run(&["apply", "--yes"]).await.status, 0);
    target.run_command(doc! { "dropIndexes": "sessions", "index": "tenant_sessions" }).await;
    target.create_index("events", "by_type", doc! { "type": 1 }).await;
    let verified = target.run(&["verify"]).await;
    assert_eq!(verified.status, 3);
    for named in ["create-index sessions.tenant_sessions", "index events.by_type"] {
        assert!(verified.out.contains(named), "{named} in {}", verified.out);
    }
}

#[tokio::test]
async fn a_document_on_a_shard_that_does_not_own_it_is_noted() {
    let (cluster, target) = fresh().await;
    assert_eq!(target.run(&["apply", "--yes"]).await.status, 0);
    let stray = doc! {
        "_id": "default/s/e", "tenantId": "default", "sessionId": "s", "eventId": "e", "type": "system", "payload": {},
        "timestamp": bson::DateTime::now(), "receivedAt": bson::DateTime::now(),
    };
    // One of the shards owns it, the others do not.
    for shard in 0..cluster.shard_count() {
        let client = cluster.shard(shard).client().await.expect("a client");
        let events: Collection<Document> = client.database(&target.database).collection("events");
        // The count that follows reads what a majority has.
        events.insert_one(&stray).write_concern(WriteConcern::majority()).await.expect("inserted");
    }
    let verified = target.run(&["verify", "--orphans"]).await;
    assert_eq!(verified.status, 0, "{}", verified.err);
    assert!(verified.out.contains("1 lie on a shard that does not own them"), "{}", verified.out);
}

#[tokio::test]
async fn a_zone_keeps_a_database_on_its_shards() {
    // A cluster of its own, because a zone changes the shards for everybody.
    let cluster = ShardedCluster::start(2, 1).await.expect("a cluster");
    let target = Target::at(cluster.uri()).await;
    let zone = format!("eu={}", ShardedCluster::shard_name(1));
    let applied = target.run(&["apply", "--yes", "--zone", &zone]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["plan", "--zone", &zone]).await.status, 0, "it is done already");
    let namespace = format!("{}.events", target.database);
    until(Duration::from_secs(300), "the balancer to move all chunks", async || {
        let chunks = cluster.chunks(&namespace).await.expect("chunks");
        chunks.iter().all(|chunk| chunk.shard == 1)
    })
    .await
    .expect("in time");
    let unknown = target.run(&["apply", "--yes", "--zone", "eu=nowhere"]).await;
    assert!(unknown.status == 4 && unknown.out.contains("there is no shard nowhere"), "{}", unknown.out);
}

#[tokio::test]
async fn a_config_server_that_is_down_is_told_in_one_sentence() {
    let cluster = ShardedCluster::start(1, 1).await.expect("a cluster");
    let target = Target::at(cluster.uri()).await;
    cluster.config().kill(0).expect("killed");
    until(Duration::from_secs(240), "the loss to be noticed", async || {
        let refused = target.run(&["plan", "--server-selection-seconds", "2"]).await;
        (refused.status == 1 && refused.err.lines().count() == 1).then_some(())
    })
    .await
    .expect("in time");
}
