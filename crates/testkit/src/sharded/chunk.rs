//! Where the parts of a distributed collection are, and moving them.

use anyhow::{Context, Result};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};

use super::ShardedCluster;

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
        self.admin(command).await.map(drop).context("move of a chunk")
    }

    /// Moves one chunk of a collection to the next shard: another chunk each turn.
    pub async fn move_one_chunk(&self, namespace: &str, turn: usize) -> Result<()> {
        let chunks = self.chunks(namespace).await?;
        let chunk = chunks.get(turn % chunks.len().max(1)).context("chunk to move")?;
        self.move_chunk(namespace, chunk, (chunk.shard + 1) % self.shard_count()).await
    }
}
