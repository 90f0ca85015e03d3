//! What a deployment adds to the schema of a cluster.

use std::time::Duration;

use bson::doc;
use conversation_testkit::{ShardedCluster, until};

use crate::{
    aging::{Aged, KEPT_90_DAYS, expiring},
    applying::fresh,
    runner::Target,
};

#[tokio::test]
async fn additions_are_applied_to_every_shard_changed_and_taken_away() {
    let (cluster, target) = fresh().await;
    let declaration = r#"{"retention":{"days":90},"chunksPerShard":8,"shardKeys":{"events":[{"field":"sessionId",
        "order":"hashed"}]},"indexes":[{"collection":"events","name":"by_type","keys":[{"field":"type"}]}]}"#;
    let apply = ["apply", "--yes", "--declaration"];
    let applied = target.run(&[&apply[..], &[declaration]].concat()).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    assert_eq!(target.run(&["verify", "--declaration", declaration]).await.status, 0);
    let chunks = cluster.chunks(&format!("{}.events", target.database)).await.expect("chunks");
    assert_eq!(chunks.len(), 8 * cluster.shard_count());

    let longer = declaration.replace("90", "91");
    let applied = target.run(&[&apply[..], &[&longer]].concat()).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    for shard in 0..cluster.shard_count() {
        let client = cluster.shard(shard).client().await.expect("a client");
        let mut answer = client.database(&target.database).run_command(doc! { "listIndexes": "events" }).await;
        let indexes = answer.as_mut().expect("an answer").get_document_mut("cursor").expect("a cursor").to_string();
        assert!(indexes.contains("by_type") && indexes.contains(&(91 * 86_400).to_string()), "{shard}: {indexes}");
    }
    let ended = r#"{"allowDrop":["events.retention","sessions.retention","events.by_type"],"ignoreIndexUse":true}"#;
    let refused = target.run(&[&apply[..], &[ended]].concat()).await;
    assert_eq!(refused.status, 4, "{}{}", refused.out, refused.err);
    let ended = target.run(&[&apply[..], &[ended, "--allow-destructive"]].concat()).await;
    assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test]
async fn what_is_too_old_is_deleted_on_every_shard() {
    // A cluster of its own, because other tests bring their own time.
    let cluster = ShardedCluster::start(2, 1).await.expect("a cluster");
    for shard in 0..cluster.shard_count() {
        cluster.shard(shard).member(0).admin(expiring()).await.expect("the server takes it");
    }
    let target = Target::at(cluster.uri()).await;
    let applied = target.run(&["apply", "--yes", "--declaration", KEPT_90_DAYS]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    let aged = Aged::store(&target).await;
    until(Duration::from_secs(150), "the old to be deleted", async || aged.old_are_gone(&target).await)
        .await
        .expect("in time");
    aged.assert_young_are_there(&target).await;
}
