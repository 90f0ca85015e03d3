//! Shards that lose their primaries, and a cluster that loses its router.

use std::time::Duration;

use anyhow::Result;
use conversation_testkit::{ShardedCluster, until};
use mongodb::bson::doc;

use super::moves::Writers;
use super::support::hashed;

#[tokio::test]
async fn the_kill_and_the_pause_of_primaries_lose_and_double_nothing() -> Result<()> {
    let cluster = ShardedCluster::start(2, 3).await?;
    let hashed = hashed(&cluster).await?;
    let writers = Writers::start(&hashed.collection);
    let count = async || hashed.collection.count_documents(doc! {}).await;
    let progress = async || {
        let limit = Duration::from_secs(150);
        let before = until(limit, "a count", async || count().await.ok()).await?;
        until(limit, "the writers to go on", async || count().await.is_ok_and(|now| now > before + 8)).await
    };
    progress().await?;
    let first = cluster.shard(0);
    let killed = first.primary().await?;
    first.kill(killed)?;
    progress().await?;
    let second = cluster.shard(1);
    let paused = second.primary().await?;
    second.pause(paused)?;
    until(Duration::from_secs(150), "another primary", async || second.primary().await.is_ok_and(|new| new != paused))
        .await?;
    progress().await?;
    second.resume(paused)?;
    first.restart(killed).await?;
    writers.finish(&hashed.collection).await?;
    cluster.check_router()
}

#[tokio::test]
async fn the_kill_of_the_router_loses_and_doubles_nothing() -> Result<()> {
    let cluster = ShardedCluster::start(2, 1).await?;
    let hashed = hashed(&cluster).await?;
    let writers = Writers::start(&hashed.collection);
    for _ in 0..2 {
        let before = hashed.collection.count_documents(doc! {}).await?;
        cluster.kill_router()?;
        cluster.restart_router().await?;
        let more = async || hashed.collection.count_documents(doc! {}).await.is_ok_and(|now| now > before + 8);
        until(Duration::from_secs(150), "the writers to go on", more).await?;
    }
    writers.finish(&hashed.collection).await?;
    cluster.check_router()
}
