//! What a database has of what is declared, what it lacks, and, for development only, the making of it.

use std::{collections::BTreeMap, time::Duration};

use bson::{DateTime, Document, doc};
use futures_util::TryStreamExt as _;
use mongodb::{Client, Database, IndexModel};

use super::{
    super::{
        errors::{self, NAMESPACE_NOT_FOUND},
        run::{Fault, call},
    },
    Collection, DECLARED, Index, MIGRATIONS, OLDEST_USABLE, SCHEMA_RECORD, VERSION, checksum, document, same_keys,
};

/// The server's code for a user without the right to do something.
const UNAUTHORIZED: i32 = 13;

/// What a database has.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Whether it is on a sharded cluster.
    pub sharded: bool,
    /// The version of the schema that was last applied, if any was.
    pub version: Option<i32>,
    /// The collections that exist, of those declared.
    pub collections: BTreeMap<String, ObservedCollection>,
}

/// What a collection has.
#[derive(Clone, Debug, Default)]
pub struct ObservedCollection {
    /// Its indexes.
    pub indexes: Vec<IndexModel>,
    /// What it is distributed by, if it is.
    pub shard_key: Option<Document>,
}

/// What is declared and not observed, each in words for an operator.
#[must_use]
pub fn missing(declared: &[Collection], observed: &Observed) -> Vec<String> {
    let mut missing = Vec::new();
    match observed.version {
        None => missing.push(format!("schema version {VERSION}: run conversation-migrator apply")),
        Some(version) if version < OLDEST_USABLE => {
            missing.push(format!("schema version {VERSION}, found {version}: run conversation-migrator apply"));
        }
        Some(_) => {}
    }
    for collection in declared {
        let name = collection.name;
        let nothing = ObservedCollection::default();
        let there = observed.collections.get(name).unwrap_or(&nothing);
        let lacking = collection.indexes.iter().filter(|index| !there.indexes.iter().any(|model| index.is(model)));
        missing.extend(lacking.map(|index| format!("index {} of {name}: {index}", index.name)));
        let key = document(collection.shard_key);
        if observed.sharded && !there.shard_key.as_ref().is_some_and(|observed| same_keys(&key, observed)) {
            missing.push(format!("shard key of {name}: {key}"));
        }
    }
    missing
}

/// Looks at what the database has of what is declared.
pub(in super::super) async fn observe(
    client: &Client,
    database: &Database,
    sharded: bool,
    limit: Duration,
) -> Result<Observed, Fault> {
    let mut observed = Observed { sharded, version: version(database, limit).await?, collections: BTreeMap::new() };
    for collection in DECLARED {
        let Some(indexes) = indexes(database, collection.name, limit).await? else { continue };
        let shard_key = if sharded {
            shard_key(client, database, collection.name, Some(document(collection.shard_key)), limit).await?
        } else {
            None
        };
        observed.collections.insert(collection.name.to_owned(), ObservedCollection { indexes, shard_key });
    }
    Ok(observed)
}

async fn version(database: &Database, limit: Duration) -> Result<Option<i32>, Fault> {
    let migrations = database.collection::<Document>(MIGRATIONS);
    let record = doc! { "_id": SCHEMA_RECORD };
    let found = call(limit, async move { migrations.find_one(record).max_time(limit).await }).await?;
    Ok(found.and_then(|record| record.get_i32("version").ok()))
}

async fn indexes(database: &Database, name: &str, limit: Duration) -> Result<Option<Vec<IndexModel>>, Fault> {
    let collection = database.collection::<Document>(name);
    let listed = call(limit, async move { collection.list_indexes().max_time(limit).await?.try_collect().await }).await;
    match listed {
        Ok(indexes) => Ok(Some(indexes)),
        Err(Fault::Driver(error)) if errors::code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A router knows it from its configuration database only.
async fn shard_key(
    client: &Client,
    database: &Database,
    name: &str,
    declared: Option<Document>,
    limit: Duration,
) -> Result<Option<Document>, Fault> {
    let catalogue = client.database("config").collection::<Document>("collections");
    let namespace = format!("{}.{name}", database.name());
    let found = call(limit, async move { catalogue.find_one(doc! { "_id": namespace }).max_time(limit).await }).await;
    let found = match found {
        // A user of the database alone may not look there. Then the migrator's word stands, which recorded the version.
        Err(Fault::Driver(error)) if errors::code(&error) == Some(UNAUTHORIZED) => return Ok(declared),
        found => found?,
    };
    Ok(found.and_then(|entry| entry.get_document("key").ok().cloned()))
}

/// Creates what is missing. For development and tests: on a large collection, index builds want to be planned.
pub(in super::super) async fn apply_missing(
    client: &Client,
    database: &Database,
    observed: &Observed,
    limit: Duration,
) -> Result<(), Fault> {
    for collection in DECLARED {
        let (handle, indexes) = (database.collection::<Document>(collection.name), collection.indexes);
        call(limit, async move { handle.create_indexes(indexes.iter().map(Index::model)).await }).await?;
        let sharded = observed.collections.get(collection.name).is_some_and(|there| there.shard_key.is_some());
        if observed.sharded && !sharded {
            let admin = client.database("admin");
            let namespace = format!("{}.{}", database.name(), collection.name);
            let command = doc! { "shardCollection": namespace, "key": document(collection.shard_key) };
            call(limit, async move { admin.run_command(command).await }).await?;
        }
    }
    let migrations = database.collection::<Document>(MIGRATIONS);
    let record = record(DateTime::now());
    let replaced = async move { migrations.replace_one(doc! { "_id": SCHEMA_RECORD }, record).upsert(true).await };
    call(limit, replaced).await.map(drop)
}

/// What says in the database which schema it has.
#[must_use]
pub fn record(at: DateTime) -> Document {
    doc! { "_id": SCHEMA_RECORD, "version": VERSION, "checksum": checksum(), "appliedAt": at }
}
