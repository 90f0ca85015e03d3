//! What is there: collections, indexes, shard keys, chunks, validators and sizes, read without changing anything.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use bson::{Bson, DateTime, Document, doc};
use conversation_store::mongo::schema::{self, DECLARED, MIGRATIONS, SCHEMA_RECORD};
use futures_util::TryStreamExt;
use mongodb::{Database, IndexModel};
use serde::Serialize;

use crate::connect::{Connection, describe};

/// What a deployment is and has.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Identifies the deployment, however it is reached.
    pub cluster: String,
    /// The database.
    pub database: String,
    /// Whether it is a sharded cluster.
    pub sharded: bool,
    /// Its shards.
    pub shards: Vec<String>,
    /// The zones that each shard belongs to.
    pub shard_zones: BTreeMap<String, Vec<String>>,
    /// The schema that was last applied.
    pub record: Option<Record>,
    /// The collections that exist, of those declared.
    pub collections: BTreeMap<String, Collection>,
}

/// The schema that was last applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its version.
    pub version: i32,
    /// Its checksum.
    pub checksum: String,
    /// A hash of what the deployment added to it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additions: Option<String>,
}

/// What a collection is and has.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// Its indexes.
    pub indexes: Vec<IndexModel>,
    /// The names of indexes that are still being built.
    pub building: Vec<String>,
    /// How often each index was used, and since when that is counted.
    pub uses: BTreeMap<String, Use>,
    /// What a sharded cluster distributes it by, if it does.
    pub shard_key: Option<Document>,
    /// How many chunks each shard has.
    pub chunks: BTreeMap<String, u64>,
    /// The zone that the whole of it belongs to, if one does.
    pub zone: Option<String>,
    /// What every document must be.
    pub validator: Option<Document>,
    /// Whether a document that is not is refused.
    pub validation_refuses: bool,
    /// How many stored documents the declared validator would refuse; counted only when it is not in force.
    pub violations: u64,
    /// How many documents there are on all shards, with those that a moved chunk left behind.
    pub documents: u64,
    /// How many a moved chunk left behind, if they were counted.
    pub orphans: Option<u64>,
    /// Their size in bytes, uncompressed.
    pub bytes: u64,
    /// The size of the indexes in bytes.
    pub index_bytes: u64,
}

/// The use of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// How often it was used.
    pub operations: i64,
    /// Since when that is counted: the start of a server or the index's creation.
    pub since: DateTime,
}

impl Observation {
    /// Looks at a deployment.
    ///
    /// # Errors
    /// When a right is missing or the deployment does not answer.
    pub async fn of(connection: &Connection) -> Result<Self> {
        let Connection { client, database, sharded, .. } = connection;
        let mut observation = Self {
            cluster: cluster(connection).await?,
            database: database.name().to_owned(),
            sharded: *sharded,
            shards: Vec::new(),
            shard_zones: BTreeMap::new(),
            record: record(database).await?,
            collections: BTreeMap::new(),
        };
        let config = client.database("config");
        let shards: Vec<Document> = if *sharded {
            config.collection("shards").find(doc! {}).sort(doc! { "_id": 1 }).await?.try_collect().await?
        } else {
            Vec::new()
        };
        observation.shards = shards.iter().filter_map(|shard| Some(shard.get_str("_id").ok()?.to_owned())).collect();
        for shard in &shards {
            let tags = shard.get_array("tags").into_iter().flatten().filter_map(|tag| Some(tag.as_str()?.to_owned()));
            observation.shard_zones.insert(shard.get_str("_id").unwrap_or_default().to_owned(), tags.collect());
        }
        let listed: Vec<_> = database
            .list_collections()
            .await
            .map_err(|e| anyhow!(describe("listing collections", &e)))?
            .try_collect()
            .await?;
        for declared in DECLARED {
            let Some(found) = listed.iter().find(|found| found.name == declared.name) else { continue };
            let mut collection = look_at(connection, declared).await?;
            collection.validator = found.options.validator.clone();
            let action = found.options.validation_action.as_ref();
            collection.validation_refuses = !matches!(action, Some(mongodb::options::ValidationAction::Warn));
            let in_force = collection.validation_refuses && collection.validator == Some((declared.validator)());
            if !in_force && collection.documents > 0 {
                let broken = doc! { "$nor": [(declared.validator)()] };
                collection.violations = database.collection::<Document>(declared.name).count_documents(broken).await?;
            }
            observation.collections.insert(declared.name.to_owned(), collection);
        }
        Ok(observation)
    }
}

impl Observation {
    /// Counts what moved chunks left behind: the documents on all shards without those that a router would find. While
    /// clients write, the two counts are of different moments, and the difference is about right.
    ///
    /// # Errors
    /// When the deployment does not answer.
    pub async fn count_orphans(&mut self, connection: &Connection) -> Result<()> {
        for (name, collection) in self.collections.iter_mut().filter(|(_, collection)| collection.shard_key.is_some()) {
            let owned = connection.database.collection::<Document>(name).count_documents(doc! {}).await?;
            collection.orphans = Some(collection.documents.saturating_sub(owned));
        }
        Ok(())
    }
}

async fn look_at(connection: &Connection, declared: &schema::Collection) -> Result<Collection> {
    let Connection { client, database, sharded, .. } = connection;
    let handle = database.collection::<Document>(declared.name);
    let failed = |what: &str| {
        let what = format!("{what} of {}", declared.name);
        move |error: mongodb::error::Error| anyhow!(describe(&what, &error))
    };
    let indexes = handle.list_indexes().await.map_err(failed("listing indexes"))?.try_collect().await?;
    let mut collection = Collection { indexes, ..Collection::default() };
    let stats = handle.aggregate([doc! { "$indexStats": {} }]).await.map_err(failed("reading the use of indexes"))?;
    let stats: Vec<Document> = stats.try_collect().await?;
    for stat in &stats {
        note_use(&mut collection, stat);
    }
    let sizes =
        handle.aggregate([doc! { "$collStats": { "storageStats": {} } }]).await.map_err(failed("reading the size"))?;
    let sizes: Vec<Document> = sizes.try_collect().await?;
    for shard in sizes.iter().filter_map(|shard| shard.get_document("storageStats").ok()) {
        collection.documents += number(shard, "count");
        collection.bytes += number(shard, "size");
        collection.index_bytes += number(shard, "totalIndexSize");
    }
    if *sharded {
        let config = client.database("config");
        let namespace = format!("{}.{}", database.name(), declared.name);
        let entry: Option<Document> = config.collection("collections").find_one(doc! { "_id": &namespace }).await?;
        if let Some(entry) = entry {
            collection.shard_key = entry.get_document("key").ok().cloned();
            let whole = doc! { "ns": &namespace, "min.sessionId": Bson::MinKey, "max.sessionId": Bson::MaxKey };
            let tag: Option<Document> = config.collection("tags").find_one(whole).await?;
            collection.zone = tag.and_then(|tag| Some(tag.get_str("tag").ok()?.to_owned()));
            // Since 5.0 chunks name their collection by its UUID.
            let uuid = entry.get("uuid").cloned().unwrap_or(Bson::Null);
            let by_shard =
                [doc! { "$match": { "uuid": uuid } }, doc! { "$group": { "_id": "$shard", "n": { "$sum": 1 } } }];
            let chunks: Vec<Document> =
                config.collection::<Document>("chunks").aggregate(by_shard).await?.try_collect().await?;
            collection.chunks =
                chunks.iter().filter_map(|c| Some((c.get_str("_id").ok()?.to_owned(), number(c, "n")))).collect();
        }
    }
    Ok(collection)
}

/// Adds up an index's use over the shards.
fn note_use(collection: &mut Collection, stat: &Document) {
    let Ok(name) = stat.get_str("name") else { return };
    if stat.get_bool("building").unwrap_or(false) {
        collection.building.push(name.to_owned());
    }
    let Ok(accesses) = stat.get_document("accesses") else { return };
    let operations = accesses.get_i64("ops").unwrap_or_default();
    let since = accesses.get_datetime("since").copied().unwrap_or(DateTime::MIN);
    let known = collection.uses.entry(name.to_owned()).or_insert(Use { operations: 0, since });
    known.operations += operations;
    known.since = known.since.max(since);
}

/// A number of whatever type the server chose.
pub(crate) fn number(document: &Document, field: &str) -> u64 {
    match document.get(field) {
        Some(Bson::Int32(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Bson::Int64(n)) => u64::try_from(*n).unwrap_or(0),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count that the server gives as a double"
        )]
        Some(Bson::Double(n)) => *n as u64,
        _ => 0,
    }
}

async fn record(database: &Database) -> Result<Option<Record>> {
    let found = database.collection::<Document>(MIGRATIONS).find_one(doc! { "_id": SCHEMA_RECORD }).await;
    let found = found.map_err(|error| anyhow!(describe("reading the applied version", &error)))?;
    Ok(found.and_then(|record| {
        Some(Record {
            version: record.get_i32("version").ok()?,
            checksum: record.get_str("checksum").unwrap_or_default().to_owned(),
            additions: record.get_str("additions").ok().map(str::to_owned),
        })
    }))
}

/// What tells this deployment from any other: the identifier that the servers gave it when it was set up.
async fn cluster(connection: &Connection) -> Result<String> {
    let id = if connection.sharded {
        let version: Option<Document> =
            connection.client.database("config").collection("version").find_one(doc! {}).await?;
        version.and_then(|version| version.get_object_id("clusterId").ok())
    } else {
        let admin = connection.client.database("admin");
        let config = admin.run_command(doc! { "replSetGetConfig": 1 }).await;
        let config = config.map_err(|error| anyhow!(describe("reading the replica set's configuration", &error)))?;
        let settings = config.get_document("config").and_then(|config| config.get_document("settings")).ok();
        settings.and_then(|settings| settings.get_object_id("replicaSetId").ok())
    };
    id.map(|id| id.to_hex()).context("the deployment does not tell its identifier")
}
