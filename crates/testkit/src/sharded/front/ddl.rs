//! Creating, listing, changing and dropping what holds documents: mostly the business of a database's primary shard.

use mongodb::bson::{Bson, Document, RawBson, doc};

use super::Router;
use super::catalogue::majority;
use super::failure::{Failure, NAMESPACE_NOT_FOUND};
use super::forward::Answer;
use super::message::{Command, Fields};
use super::versioned::{by_shard, stamp};

/// Fields that belong to the client's conversation with the front, not to the change.
const CONVERSATION: [&str; 6] = ["lsid", "txnNumber", "$clusterTime", "$readPreference", "writeConcern", "comment"];

impl Router {
    pub(super) async fn create(&self, command: &Command) -> Answer {
        let document = command.fields.to_document()?;
        let created = self.on_primary_shard(&command.database, &command.database, document, true).await?;
        Fields::try_from(created)
    }

    pub(super) async fn create_indexes(&self, command: &Command) -> Answer {
        let answers = self.broadcast(command, true).await?;
        let raw = by_shard(&answers)?;
        let mut reply = answers.first().map(|(_, first)| first.clone()).unwrap_or_default();
        reply.set("raw", RawBson::try_from(Bson::Document(raw))?);
        stamp(&mut reply, answers.iter().map(|(_, answer)| answer));
        Ok(reply)
    }

    pub(super) async fn list_indexes(&self, command: &Command) -> Answer {
        let answers = self.versioned(command, |route| Ok(vec![route.first_shard()]), false, true).await?;
        let (shard, reply) = answers.into_iter().next().unwrap_or_default();
        let shard = self.catalogue.shard(&shard).await?;
        self.drain(&shard, &command.database, reply).await
    }

    pub(super) async fn list_collections(&self, command: &Command) -> Answer {
        let database = &command.database;
        let route = match self.catalogue.route(database, "", false).await {
            Ok(route) => route,
            Err(failure) if failure.code() == i64::from(NAMESPACE_NOT_FOUND) => {
                let namespace = format!("{database}.$cmd.listCollections");
                let cursor = doc! { "id": 0_i64, "ns": namespace, "firstBatch": Vec::<Bson>::new() };
                return Fields::try_from(doc! { "cursor": cursor, "ok": 1.0 });
            }
            Err(failure) => return Err(failure),
        };
        let listed = self.on_primary_shard(database, database, command.fields.to_document()?, false).await?;
        let shard = self.catalogue.shard(&route.primary).await?;
        self.drain(&shard, database, Fields::try_from(listed)?).await
    }

    /// `drop`, `dropDatabase`, `dropIndexes`, `collMod` and `renameCollection`, which a primary shard coordinates.
    pub(super) async fn change(&self, command: &Command, internal: &str) -> Answer {
        let (name, argument) = command.fields.first();
        let (database, argument): (&str, Bson) = match name {
            "renameCollection" => {
                let (database, collection) = command.namespace()?;
                (database, collection.into())
            }
            "dropDatabase" => (&command.database, 1.into()),
            _ => {
                let argument = argument.map(|value| Bson::try_from(value.as_raw_bson_ref())).transpose()?;
                (&command.database, argument.unwrap_or(Bson::Null))
            }
        };
        let mut change = doc! { internal: argument };
        let rest = command.fields.to_document()?.into_iter().skip(1);
        change.extend(rest.filter(|(field, _)| !CONVERSATION.contains(&field.as_str())));
        change.insert("writeConcern", majority());
        let changed = match self.on_primary_shard(database, database, change, false).await {
            // As a server answers that is asked to drop what is not there.
            Err(failure) if name.starts_with("drop") && failure.code() == i64::from(NAMESPACE_NOT_FOUND) => {
                doc! { "ok": 1.0 }
            }
            changed => changed?,
        };
        self.node.call("admin", &Fields::try_from(doc! { "flushRouterConfig": 1 })?, None).await?;
        Fields::try_from(changed)
    }

    pub(super) async fn enable_sharding(&self, command: &Command) -> Answer {
        let (_, argument) = command.fields.first();
        let database = argument.and_then(RawBson::as_str).unwrap_or_default();
        let created = self.catalogue.create_database(database, command.fields.text("primaryShard")).await;
        self.catalogue.forget_database(database);
        Fields::try_from(created?)
    }

    pub(super) async fn shard_collection(&self, command: &Command) -> Answer {
        let (database, collection) = command.namespace()?;
        let asked = command.fields.to_document()?;
        let mut change = doc! {
            "_shardsvrCreateCollection": collection,
            "shardKey": key(&asked)?,
            "unique": command.fields.flag("unique").unwrap_or(false),
        };
        let options = ["numInitialChunks", "presplitHashedZones", "collation", "implicitlyCreateIndex"];
        change.extend(picked(&asked, &options));
        change.insert("writeConcern", majority());
        Fields::try_from(self.on_primary_shard(database, database, change, true).await?)
    }

    pub(super) async fn reshard_collection(&self, command: &Command) -> Answer {
        let (database, collection) = command.namespace()?;
        let asked = command.fields.to_document()?;
        let namespace = format!("{database}.{collection}");
        let mut change = doc! { "_shardsvrReshardCollection": namespace, "key": key(&asked)? };
        change.extend(picked(&asked, &["unique", "collation", "zones", "numInitialChunks"]));
        change.insert("writeConcern", majority());
        // Unlike the others it is given the full namespace, on the database `admin`.
        Fields::try_from(self.on_primary_shard(database, "admin", change, false).await?)
    }

    pub(super) async fn refine_shard_key(&self, command: &Command) -> Answer {
        let (database, collection) = command.namespace()?;
        let asked = command.fields.to_document()?;
        let change = doc! {
            "_shardsvrRefineCollectionShardKey": collection,
            "newShardKey": key(&asked)?,
            "writeConcern": majority(),
        };
        Fields::try_from(self.on_primary_shard(database, database, change, false).await?)
    }
}

fn key(asked: &Document) -> Result<&Document, Failure> {
    asked.get_document("key").map_err(|_| Failure::new(9, "a shard key is needed as `key`"))
}

fn picked<'a>(asked: &'a Document, names: &'a [&str]) -> impl Iterator<Item = (String, Bson)> + 'a {
    names.iter().filter_map(|name| Some(((*name).to_owned(), asked.get(*name)?.clone())))
}
