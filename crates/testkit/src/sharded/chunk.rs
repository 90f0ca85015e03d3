//! Where the parts of a distributed collection are, and moving them.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;

use super::ShardedCluster;
use crate::wait::until;

/// The server's code for a move that another one is in the way of.
const CONFLICTING_OPERATION: i32 = 117;
/// A move takes a quarter of a second, and up to two when the chunk has just left where it is going.
const TURN: Duration = Duration::from_secs(60);

/// A range of shard-key values and the shard that has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The first values in it.
    pub min: Document,
    /// The first values after it.
    pub max: Document,
    /// The index of its shard.
    pub shard: usize,
}

impl ShardedCluster {
    /// The chunks of a collection.
    pub async fn chunks(&self, namespace: &str) -> Result<Vec<Chunk>> {
        let config = self.client().await?.database("config");
        let collection = config.collection::<Document>("collections").find_one(doc! { "_id": namespace }).await?;
        let collection = collection.with_context(|| format!("{namespace} in the catalogue"))?;
        let uuid = collection.get("uuid").cloned().context("identity of a collection")?;
        let found = config.collection::<Document>("chunks").find(doc! { "uuid": uuid }).await?;
        let entries: Vec<Document> = found.try_collect().await?;
        let names: Vec<String> = (0..self.shard_count()).map(Self::shard_name).collect();
        let chunk = |entry: &Document| {
            let name = entry.get_str("shard")?;
            let shard = names.iter().position(|known| known == name).context("shard of a chunk")?;
            let bound = |name| entry.get_document(name).cloned();
            Ok(Chunk { min: bound("min")?, max: bound("max")?, shard })
        };
        entries.iter().map(chunk).collect()
    }

    /// Moves a chunk to the shard at an index, and returns once the cluster has it there.
    pub async fn move_chunk(&self, namespace: &str, chunk: &Chunk, to: usize) -> Result<()> {
        let bounds = vec![chunk.min.clone(), chunk.max.clone()];
        let command = doc! { "moveChunk": namespace, "bounds": bounds, "to": Self::shard_name(to) };
        in_turn(async || self.admin(command.clone()).await).await
    }

    /// [`ShardedCluster::move_chunk`] as if through another router: this one is to find out by itself that what it
    /// remembers is stale.
    pub async fn move_chunk_unnoticed(&self, namespace: &str, chunk: &Chunk, to: usize) -> Result<()> {
        let command = doc! {
            "_configsvrMoveRange": namespace,
            "min": chunk.min.clone(),
            "max": chunk.max.clone(),
            "toShard": Self::shard_name(to),
            "waitForDelete": false,
            "writeConcern": { "w": "majority" },
        };
        in_turn(async || self.config().member(0).admin(command.clone()).await).await
    }

    /// Moves one chunk of a collection to the next shard: another chunk each turn.
    pub async fn move_one_chunk(&self, namespace: &str, turn: usize) -> Result<()> {
        let chunks = self.chunks(namespace).await?;
        let chunk = chunks.get(turn % chunks.len().max(1)).context("chunk to move")?;
        self.move_chunk(namespace, chunk, (chunk.shard + 1) % self.shard_count()).await
    }
}

/// Asks for a move until no other one is in its way: a shard takes part in one at a time, and tests share shards.
async fn in_turn(ask: impl AsyncFn() -> Result<Document>) -> Result<()> {
    let moved = until(TURN, "the moves of other chunks to end", async || match ask().await {
        Ok(_) => Some(Ok(())),
        Err(error) if is_conflict(&error) => None,
        Err(error) => Some(Err(error)),
    });
    moved.await?.context("move of a chunk")
}

fn is_conflict(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<mongodb::error::Error>().map(|error| &*error.kind);
    matches!(kind, Some(ErrorKind::Command(refusal)) if refusal.code == CONFLICTING_OPERATION)
}
