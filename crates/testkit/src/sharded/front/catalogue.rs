//! What the config server knows of databases, collections and shards, remembered until a shard says that it changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mongodb::bson::{Bson, Document, doc};

use super::failure::{Failure, NAMESPACE_NOT_FOUND};
use super::forward::{Members, lock};
use super::target::{Route, Sharding};

/// More entries than any test has, so that each answer comes whole.
const ALL: i32 = 100_000;

/// The name by which the config server counts as a shard, of the databases `config` and `admin`.
pub(super) const CONFIG: &str = "config";

/// The cluster's catalogue, read from the config server.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) config: Arc<Members>,
    shards: Mutex<HashMap<String, Arc<Members>>>,
    routes: Mutex<HashMap<(String, String), Arc<Route>>>,
}

impl Catalogue {
    pub(super) fn new(config: &str) -> Self {
        let config = Arc::new(Members::new(config));
        Self { config, shards: Mutex::default(), routes: Mutex::default() }
    }

    /// Entries of a collection of the `config` database.
    pub(super) async fn entries(&self, collection: &str, filter: Document) -> Result<Vec<Document>, Failure> {
        let find = doc! {
            "find": collection,
            "filter": filter,
            "batchSize": ALL,
            "singleBatch": true,
            "readConcern": { "level": "majority" },
        };
        let mut reply = self.config.ask("config", find, true).await?;
        let batch = reply.get_document_mut("cursor").ok().and_then(|cursor| cursor.remove("firstBatch"));
        let Some(Bson::Array(batch)) = batch else { return Ok(Vec::new()) };
        Ok(batch
            .into_iter()
            .filter_map(|entry| if let Bson::Document(entry) = entry { Some(entry) } else { None })
            .collect())
    }

    /// The names of all shards.
    pub(super) async fn shard_names(&self) -> Result<Vec<String>, Failure> {
        let shards = self.entries("shards", doc! {}).await?;
        Ok(shards.iter().filter_map(|shard| shard.get_str("_id").ok().map(str::to_owned)).collect())
    }

    /// The servers of a shard.
    pub(super) async fn shard(&self, name: &str) -> Result<Arc<Members>, Failure> {
        if name == CONFIG {
            return Ok(Arc::clone(&self.config));
        }
        let known = lock(&self.shards).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let entries = self.entries("shards", doc! { "_id": name }).await?;
        let host = entries.first().and_then(|entry| entry.get_str("host").ok());
        let host = host.ok_or_else(|| Failure::new(70, format!("there is no shard {name}")))?;
        let members = Arc::new(Members::new(host));
        Ok(Arc::clone(lock(&self.shards).entry(name.to_owned()).or_insert(members)))
    }

    /// Where the documents of a namespace are; with an empty `collection`, where those of the database are that are not
    /// distributed. With `create`, a database that is not there is created.
    pub(super) async fn route(&self, database: &str, collection: &str, create: bool) -> Result<Arc<Route>, Failure> {
        if database == CONFIG || database == "admin" {
            return Ok(Arc::new(Route::new(CONFIG, None, None)));
        }
        let namespace = (database.to_owned(), collection.to_owned());
        let known = lock(&self.routes).get(&namespace).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let route = Arc::new(self.read(database, collection, create).await?);
        lock(&self.routes).insert(namespace, Arc::clone(&route));
        Ok(route)
    }

    async fn read(&self, database: &str, collection: &str, create: bool) -> Result<Route, Failure> {
        let entry = match self.database(database).await? {
            Some(entry) => entry,
            None if create => {
                self.create_database(database, None).await?;
                self.database(database).await?.ok_or_else(|| absent(database))?
            }
            None => return Err(absent(database)),
        };
        let primary = entry.get_str("primary").unwrap_or_default();
        let namespace = format!("{database}.{collection}");
        let sharding = match self.entries("collections", doc! { "_id": namespace }).await?.first() {
            None => None,
            Some(sharded) => {
                let uuid = sharded.get("uuid").cloned().unwrap_or(Bson::Null);
                Some(Sharding::new(sharded, &self.entries("chunks", doc! { "uuid": uuid }).await?)?)
            }
        };
        Ok(Route::new(primary, Some(&entry), sharding))
    }

    async fn database(&self, name: &str) -> Result<Option<Document>, Failure> {
        Ok(self.entries("databases", doc! { "_id": name }).await?.pop())
    }

    /// Registers a database, on a shard of the config server's choice unless one is named.
    pub(super) async fn create_database(&self, name: &str, on: Option<&str>) -> Result<Document, Failure> {
        let mut command = doc! { "_configsvrCreateDatabase": name, "writeConcern": majority() };
        if let Some(shard) = on {
            command.insert("primaryShardId", shard);
        }
        self.config.ask("admin", command, true).await
    }

    /// Forgets one namespace.
    pub(super) fn forget(&self, database: &str, collection: &str) {
        lock(&self.routes).remove(&(database.to_owned(), collection.to_owned()));
    }

    /// Forgets all namespaces of a database.
    pub(super) fn forget_database(&self, database: &str) {
        lock(&self.routes).retain(|(known, _), _| known != database);
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        lock(&self.routes).clear();
        lock(&self.shards).clear();
    }
}

/// The write concern of the front's own changes.
pub(super) fn majority() -> Document {
    doc! { "w": "majority", "wtimeout": 60_000 }
}

fn absent(database: &str) -> Failure {
    Failure::new(NAMESPACE_NOT_FOUND, format!("database {database} not found"))
}
