//! What the tests of the cluster say in one word.

use anyhow::Result;
use conversation_testkit::{ShardedCluster, unique_database};
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

/// A collection that is distributed by the hash of `k`.
pub(super) struct Hashed {
    pub(super) namespace: String,
    pub(super) client: Client,
    pub(super) collection: Collection<Document>,
}

pub(super) async fn hashed(cluster: &ShardedCluster) -> Result<Hashed> {
    let client = cluster.client().await?;
    let database = unique_database();
    let namespace = format!("{database}.events");
    cluster.shard_collection(&namespace, doc! { "k": "hashed" }).await?;
    let collection = client.database(&database).collection("events");
    Ok(Hashed { namespace, client, collection })
}
