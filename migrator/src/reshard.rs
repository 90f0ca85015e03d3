//! Moving a collection to its declared shard key while it is in use: what it needs is checked first.

use anyhow::{Result, anyhow, bail};
use bson::{Document, doc};
use conversation_store::mongo::schema::{self, document, same_keys};
use serde::Serialize;

use crate::{
    apply::{Watcher, progress},
    connect::{Connection, describe},
    observe::{Collection, Observation, number},
    plan::Finding,
    render::{self, Table},
};

/// Room on one shard's disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// The shard.
    pub shard: String,
    /// Its free bytes.
    pub free: u64,
}

/// What resharding would take.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// The collection.
    pub collection: String,
    /// Its documents, all of which are copied.
    pub documents: u64,
    /// The bytes that each shard must have free: `(data + indexes) × 2 / shards`, MongoDB's own rule.
    pub needed_per_shard: u64,
    /// What speaks against it.
    pub obstacles: Vec<Finding>,
    /// Whether the collection has the declared key already.
    pub done: bool,
}

impl Preflight {
    /// The check as tables.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let row = vec![self.documents.to_string(), self.needed_per_shard.to_string(), self.done.to_string()];
        vec![
            Table {
                title: format!("Resharding {}", self.collection),
                head: vec!["documents", "bytes needed on each shard", "done already"],
                rows: vec![row],
            },
            render::findings("Obstacles", &self.obstacles),
        ]
    }
}

/// Checks what resharding `declared` needs; a pure function of what was observed.
#[must_use]
pub fn preflight(declared: &schema::Collection, observed: &Observation, rooms: &[Room], running: bool) -> Preflight {
    let nothing = Collection::default();
    let found = observed.collections.get(declared.name).unwrap_or(&nothing);
    let shards = u64::try_from(observed.shards.len().max(1)).unwrap_or(1);
    let needed = (found.bytes + found.index_bytes) * 2 / shards;
    let key = document(declared.shard_key);
    let mut obstacles = Vec::new();
    let mut obstacle = |subject: &str, problem: String, remedy: &str| {
        obstacles.push(Finding { subject: subject.to_owned(), problem, remedy: remedy.to_owned() });
    };
    if !observed.sharded {
        obstacle(
            "deployment",
            "is a replica set, which has no shard keys".into(),
            "turn it into a sharded cluster first",
        );
    } else if found.shard_key.is_none() {
        obstacle(declared.name, "is not sharded yet".into(), "run apply, which shards it");
    }
    for room in rooms.iter().filter(|room| room.free < needed) {
        let problem = format!("has {} bytes free and needs {needed}", room.free);
        obstacle(&room.shard, problem, "add disk, or shards, or remove data first");
    }
    for index in found.indexes.iter().filter(|i| i.options.as_ref().is_some_and(|o| o.unique == Some(true))) {
        let covered = key.keys().all(|field| index.keys.contains_key(field));
        if !covered {
            obstacle(
                declared.name,
                format!("has the unique index {}, which the new key does not begin", index.keys),
                "drop that index first",
            );
        }
    }
    if running {
        obstacle(
            "cluster",
            "is resharding a collection already, and does one at a time".into(),
            "wait for it: see status",
        );
    }
    Preflight {
        collection: declared.name.to_owned(),
        documents: found.documents,
        needed_per_shard: needed,
        obstacles,
        done: found.shard_key.as_ref().is_some_and(|there| same_keys(&key, there)),
    }
}

/// The room on every shard.
///
/// # Errors
/// When the deployment does not answer.
pub async fn rooms(connection: &Connection) -> Result<Vec<Room>> {
    let stats = connection.database.run_command(doc! { "dbStats": 1 }).await;
    let stats = stats.map_err(|error| anyhow!(describe("reading the room on the shards", &error)))?;
    let none = Document::new();
    let raw = stats.get_document("raw").unwrap_or(&none);
    let room = |(shard, stats): (&String, &bson::Bson)| {
        let stats = stats.as_document()?;
        let free = number(stats, "fsTotalSize").saturating_sub(number(stats, "fsUsedSize"));
        // A router that does not tell sizes must not look like a full disk.
        (number(stats, "fsTotalSize") > 0).then(|| Room { shard: shard.clone(), free })
    };
    Ok(raw.iter().filter_map(room).collect())
}

/// Reshards a collection to its declared key.
///
/// # Errors
/// When an obstacle is in the way, or the server fails.
pub async fn reshard(connection: &Connection, plan: &Preflight, key: Document, watch: Watcher<'_>) -> Result<()> {
    if let Some(Finding { subject, problem, remedy }) = plan.obstacles.first() {
        bail!("{subject} {problem}: {remedy}");
    }
    let command =
        doc! { "reshardCollection": format!("{}.{}", connection.database.name(), plan.collection), "key": key };
    let admin = connection.client.database("admin");
    let step = format!("reshard {}", plan.collection);
    let work = async move { admin.run_command(command).await.map(drop) };
    progress::watched(connection, &step, watch, work).await.map_err(|error| anyhow!(describe(&step, &error)))
}

#[cfg(test)]
mod tests {
    use conversation_store::mongo::schema::{DECLARED, EVENTS};

    use super::*;

    fn events() -> &'static schema::Collection {
        DECLARED.iter().find(|declared| declared.name == EVENTS).expect("declared")
    }

    fn observed() -> Observation {
        let collection = Collection {
            shard_key: Some(doc! { "_id": 1 }),
            documents: 10,
            bytes: 700,
            index_bytes: 300,
            ..Collection::default()
        };
        Observation {
            sharded: true,
            shards: vec!["s0".into(), "s1".into()],
            collections: [(EVENTS.to_owned(), collection)].into(),
            ..Observation::default()
        }
    }

    fn rooms(free: u64) -> Vec<Room> {
        ["s0", "s1"].map(|shard| Room { shard: shard.into(), free }).to_vec()
    }

    #[test]
    fn room_for_twice_the_data_and_its_indexes_is_needed() {
        let plan = preflight(events(), &observed(), &rooms(1_000), false);
        assert_eq!((plan.needed_per_shard, plan.documents, plan.done), (1_000, 10, false));
        assert!(plan.obstacles.is_empty(), "{:?}", plan.obstacles);
        assert_eq!(preflight(events(), &observed(), &rooms(999), false).obstacles.len(), 2);
    }

    #[test]
    fn one_at_a_time_and_only_what_is_sharded() {
        assert!(preflight(events(), &observed(), &[], true).obstacles[0].problem.contains("one at a time"));
        let replica_set = Observation { sharded: false, ..observed() };
        assert!(preflight(events(), &replica_set, &[], false).obstacles[0].problem.contains("replica set"));
    }
}
