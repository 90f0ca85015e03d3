//! Questions about the cluster, its servers and their load.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, RawBson, doc};

use super::Router;
use super::catalogue::CONFIG;
use super::failure::Failure;
use super::forward::Answer;
use super::message::{Command, Fields, integer};
use super::versioned::by_shard;

impl Router {
    pub(super) async fn list_shards(&self) -> Answer {
        Fields::try_from(doc! { "shards": self.catalogue.entries("shards", doc! {}).await?, "ok": 1.0 })
    }

    /// Sends a command to the primary of every shard.
    async fn every(&self, database: &str, command: &Fields) -> Result<Vec<(String, Document)>, Failure> {
        let mut answers = Vec::new();
        for name in self.catalogue.shard_names().await? {
            let shard = self.catalogue.shard(&name).await?;
            let reply = shard.call(database, command, None, true).await?;
            if !reply.is_ok() {
                return Err(Failure(reply));
            }
            answers.push((name, reply.to_document()?));
        }
        Ok(answers)
    }

    pub(super) async fn list_databases(&self, command: &Command) -> Answer {
        let mut answers = self.every("admin", &command.fields).await?;
        let config = self.catalogue.config.call("admin", &command.fields, None, true).await?;
        answers.push((CONFIG.to_owned(), config.to_document()?));
        let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
        for (shard, answer) in &answers {
            for database in answer.get_array("databases").into_iter().flatten().filter_map(Bson::as_document) {
                let name = database.get_str("name").unwrap_or_default();
                let of_cluster = matches!(name, "admin" | "config");
                // Each server has these three for itself; only the config server's are the cluster's.
                if name != "local" && of_cluster == (shard == CONFIG) {
                    *sizes.entry(name.to_owned()).or_default() += integer(database.get("sizeOnDisk"));
                }
            }
        }
        let total: i64 = sizes.values().sum();
        let names_only = command.fields.flag("nameOnly").unwrap_or(false);
        let entry = |(name, size): (String, i64)| match names_only {
            true => doc! { "name": name },
            false => doc! { "name": name, "sizeOnDisk": size, "empty": false },
        };
        let databases: Vec<Document> = sizes.into_iter().map(entry).collect();
        Fields::try_from(doc! { "databases": databases, "totalSize": total, "ok": 1.0 })
    }

    pub(super) async fn collection_stats(&self, command: &Command) -> Answer {
        let answers = self.broadcast(command, false).await?;
        let shards = by_shard(&answers)?;
        let mut reply = doc! { "ns": format!("{}.{}", command.database, command.collection()?) };
        reply.insert("sharded", answers.len() > 1);
        let sum = |name: &str| answers.iter().filter_map(|(_, answer)| answer.integer(name)).sum::<i64>();
        for name in ["count", "size", "storageSize", "totalIndexSize", "totalSize"] {
            reply.insert(name, sum(name));
        }
        let indexes = answers.iter().filter_map(|(_, answer)| answer.integer("nindexes")).max();
        reply.extend(doc! { "nindexes": indexes.unwrap_or(0), "shards": shards, "ok": 1.0 });
        Fields::try_from(reply)
    }

    pub(super) async fn database_stats(&self, command: &Command) -> Answer {
        let answers = self.every(&command.database, &command.fields).await?;
        let mut reply = doc! { "db": &command.database };
        for name in ["objects", "dataSize", "storageSize", "indexSize", "indexes", "collections"] {
            reply.insert(name, answers.iter().map(|(_, answer)| integer(answer.get(name))).sum::<i64>());
        }
        let raw: Document = answers.into_iter().map(|(shard, answer)| (shard, Bson::Document(answer))).collect();
        reply.extend(doc! { "raw": raw, "ok": 1.0 });
        Fields::try_from(reply)
    }

    pub(super) async fn validate(&self, command: &Command) -> Answer {
        let answers = self.broadcast(command, false).await?;
        let valid = answers.iter().all(|(_, answer)| answer.flag("valid").unwrap_or(false));
        Fields::try_from(doc! { "valid": valid, "raw": by_shard(&answers)?, "ok": 1.0 })
    }

    pub(super) async fn current_operations(&self, command: &Command) -> Answer {
        let mut operations = Vec::new();
        for (shard, mut answer) in self.every("admin", &command.fields).await? {
            for operation in answer.get_array_mut("inprog").map(std::mem::take).unwrap_or_default() {
                let Bson::Document(mut operation) = operation else { continue };
                operation.insert("shard", &shard);
                if let Some(id) = operation.get("opid").map(ToString::to_string) {
                    operation.insert("opid", format!("{shard}:{id}"));
                }
                operations.push(operation);
            }
        }
        Fields::try_from(doc! { "inprog": operations, "ok": 1.0 })
    }

    pub(super) async fn server_status(&self, command: &Command) -> Answer {
        let mut status = self.node.call(&command.database, &command.fields, None).await?;
        status.set("process", RawBson::from("mongos"));
        Ok(status)
    }

    pub(super) async fn flush(&self, command: &Command) -> Answer {
        self.catalogue.forget_all();
        self.node.call("admin", &command.fields, None).await
    }
}
