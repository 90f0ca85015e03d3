//! A service that is kept in one region, on a real sharded cluster.

use std::time::Duration;

use anyhow::{Context, Result};
use conversation_testkit::{ProcessNode, ShardedCluster, until};
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn the_sample_that_is_pinned_to_a_region_keeps_its_database_on_the_shards_of_its_zone() -> Result<()> {
    let world = World::new("region").await?;
    world.plane.process_node().await?;
    // Of its own, because a zone changes the shards for everybody.
    let cluster = ShardedCluster::start(3, 1).await?;
    let zone = [ShardedCluster::shard_name(1), ShardedCluster::shard_name(2)];
    world.secret("mongodb", &cluster.uri()).await?;
    let _operator = world.operator()?;

    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/pinned-to-a-region.yaml");
    let sample: Value = serde_yaml::from_str(&std::fs::read_to_string(sample)?)?;
    let mut spec = sample["spec"].clone();
    // What only this cluster, these nodes and this database have.
    spec["sharding"]["zone"]["shards"] = json!(zone);
    spec["pod"] = ProcessNode::placement();
    spec["mongodb"]["uriSecret"] = json!({"name": "mongodb"});
    spec["mongodb"]["tls"] = Value::Null;
    world.create(&world.services(), "calls-eu", spec.clone()).await?;
    world.ready("calls-eu").await?;

    let client = cluster.client().await?;
    let config = client.database("config");
    let tagged = config.collection::<Document>("shards").count_documents(doc! {"tags": "eu"}).await?;
    assert_eq!(tagged, 2, "shards in the zone");
    let database = spec["mongodb"]["database"].as_str().context("a name")?;
    for name in ["sessions", "events"] {
        let namespace = format!("{database}.{name}");
        let chunks = cluster.chunks(&namespace).await?;
        assert!(chunks.len() >= 8, "four for each of two shards: {chunks:?}");
        // What was made elsewhere is moved by the cluster's own balancer.
        until(Duration::from_secs(300), "all chunks to be in the zone", async || {
            cluster
                .chunks(&namespace)
                .await
                .is_ok_and(|chunks| chunks.iter().all(|chunk| [1, 2].contains(&chunk.shard)))
        })
        .await?;
    }
    Ok(())
}
