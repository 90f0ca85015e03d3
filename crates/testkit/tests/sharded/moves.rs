//! Writers go on while their documents are moved underneath them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use conversation_testkit::{ShardedCluster, until};
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;
use tokio::task::JoinSet;

use super::support::hashed;

/// Clients that insert documents and count in them until they are stopped.
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<mongodb::error::Result<i32>>,
}

impl Writers {
    pub(super) fn start(collection: &Collection<Document>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in 0..4 {
            let (stop, collection) = (Arc::clone(&stop), collection.clone());
            tasks.spawn(async move {
                let majority = WriteConcern::majority();
                let mut written = 0;
                while !stop.load(Ordering::Relaxed) {
                    let key = format!("{writer} {written}");
                    let insert = collection.insert_one(doc! { "_id": &key, "k": &key, "n": 0 });
                    insert.write_concern(majority.clone()).await?;
                    let change = doc! { "$inc": { "n": 1 } };
                    collection.update_one(doc! { "k": &key }, change).write_concern(majority.clone()).await?;
                    written += 1;
                }
                Ok(written)
            });
        }
        Self { stop, tasks }
    }

    /// Stops them, and compares what is stored with what was acknowledged.
    pub(super) async fn finish(self, collection: &Collection<Document>) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let written = self.tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let total: i32 = written.iter().sum();
        let stored: Vec<Document> = collection.find(doc! {}).await?.try_collect().await?;
        assert_eq!(stored.len(), total as usize, "every acknowledged document once");
        assert!(total > 0 && stored.iter().all(|document| document.get_i32("n").ok() == Some(1)));
        assert_eq!(collection.count_documents(doc! {}).await?, total as u64);
        Ok(())
    }
}

#[tokio::test]
async fn moving_chunks_loses_and_doubles_nothing() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    let writers = Writers::start(&hashed.collection);
    // No chunk comes back in the end: there it would bring to light again what was written to the wrong shard meanwhile.
    for turn in 0..6 {
        let chunks = cluster.chunks(&hashed.namespace).await?;
        let chunk = &chunks[turn % chunks.len()];
        cluster.move_chunk_unnoticed(&hashed.namespace, chunk, 1 - chunk.shard).await?;
    }
    writers.finish(&hashed.collection).await
}

#[tokio::test]
async fn a_router_that_slept_through_a_move_is_told_so_by_the_shard() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    hashed.collection.insert_many((0..40).map(|k| doc! { "k": k })).await?;
    for chunk in cluster.chunks(&hashed.namespace).await? {
        cluster.move_chunk_unnoticed(&hashed.namespace, &chunk, 1 - chunk.shard).await?;
    }
    // Ordered, so that of a batch whose shard has changed the rest is sent on to where it belongs.
    hashed.collection.insert_many((40..80).map(|k| doc! { "k": k })).await?;
    for chunk in cluster.chunks(&hashed.namespace).await? {
        cluster.move_chunk_unnoticed(&hashed.namespace, &chunk, 1 - chunk.shard).await?;
    }
    for k in 0..20 {
        let updated = hashed.collection.update_one(doc! { "k": k }, doc! { "$set": { "x": 1 } }).await?;
        assert_eq!(updated.matched_count, 1, "document {k}");
    }
    for chunk in cluster.chunks(&hashed.namespace).await? {
        cluster.move_chunk_unnoticed(&hashed.namespace, &chunk, 1 - chunk.shard).await?;
    }
    for k in 0..20 {
        let found = hashed.collection.find_one_and_update(doc! { "k": k }, doc! { "$inc": { "x": 1 } }).await?;
        assert_eq!(found.and_then(|document| document.get_i32("x").ok()), Some(1), "document {k}");
    }
    assert_eq!(hashed.collection.count_documents(doc! {}).await?, 80);
    assert_eq!(hashed.collection.find(doc! { "x": 2 }).await?.try_collect::<Vec<_>>().await?.len(), 20);
    Ok(())
}

#[tokio::test]
async fn resharding_loses_and_doubles_nothing() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    let writers = Writers::start(&hashed.collection);
    // The new key's chunks are cut by a sample of the documents, of which there must be enough.
    until(Duration::from_secs(150), "documents", async || {
        hashed.collection.count_documents(doc! {}).await.is_ok_and(|count| count > 200)
    })
    .await?;
    for key in [doc! { "k": 1 }, doc! { "k": "hashed" }] {
        cluster.admin(doc! { "reshardCollection": &hashed.namespace, "key": key }).await?;
    }
    writers.finish(&hashed.collection).await
}

#[tokio::test]
async fn a_shard_that_is_added_takes_its_part() -> Result<()> {
    // Not the shared one: where the other tests look for documents is not to change under them.
    let cluster = ShardedCluster::start(1, 1).await?;
    let hashed = hashed(&cluster).await?;
    let writers = Writers::start(&hashed.collection);
    let added = cluster.add_shard().await?;
    assert_eq!((added, cluster.shard_count()), (1, 2));
    let chunk = &cluster.chunks(&hashed.namespace).await?[0];
    cluster.move_chunk(&hashed.namespace, chunk, added).await?;
    writers.finish(&hashed.collection).await?;
    assert!(cluster.chunks(&hashed.namespace).await?.iter().any(|chunk| chunk.shard == added));
    Ok(())
}
