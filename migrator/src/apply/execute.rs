//! Making one step. Each is idempotent: the server, or a look beforehand, says that it was made already.

use anyhow::{Context, Result, anyhow};
use bson::{Bson, Document, doc};
use conversation_store::mongo::schema::{self, Collection, document};
use mongodb::{
    Database,
    error::{Error, ErrorKind},
};

use super::{Run, migrations, progress};
use crate::{
    connect::describe,
    declaration::Declared,
    plan::{Action, Step},
};

const NAMESPACE_EXISTS: i32 = 48;
const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;

pub(super) async fn step(run: &Run<'_>, step: &Step) -> Result<()> {
    let Run { connection, declared, watch, .. } = *run;
    let database = &connection.database;
    let collection_of = |name: &str| collection_of(declared, name);
    let failed = |error: Error| anyhow!(describe(&step.id, &error));
    match &step.action {
        Action::CreateCollection { collection } => {
            let mut command = doc! { "create": collection };
            command.extend(validation(collection_of(collection)?));
            unless(send(database, command).await, &[NAMESPACE_EXISTS]).map_err(failed)
        }
        Action::SetValidator { collection } => {
            let mut command = doc! { "collMod": collection };
            command.extend(validation(collection_of(collection)?));
            send(database, command).await.map_err(failed)
        }
        Action::CreateIndex { collection, index, definition: _ } => {
            let declared = collection_of(collection)?.indexes.iter().find(|declared| declared.name == index);
            let model = declared.with_context(|| format!("no index {index} is declared for {collection}"))?.model();
            let handle = database.collection::<Document>(collection);
            progress::watched(connection, &step.id, watch, async move { handle.create_index(model).await.map(drop) })
                .await
                .map_err(failed)
        }
        Action::SetExpiry { collection, index, seconds } => {
            let seconds = i64::try_from(*seconds)?;
            let command = doc! { "collMod": collection, "index": { "name": index, "expireAfterSeconds": seconds } };
            send(database, command).await.map_err(failed)
        }
        Action::DropIndex { collection, index } => {
            let command = doc! { "dropIndexes": collection, "index": index };
            unless(send(database, command).await, &[INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND]).map_err(failed)
        }
        Action::ShardCollection { collection, chunks } => {
            let key = document(collection_of(collection)?.shard_key);
            let mut command = doc! { "shardCollection": format!("{}.{collection}", database.name()), "key": key };
            if let Some(chunks) = chunks {
                command.insert("numInitialChunks", *chunks);
            }
            let admin = connection.client.database("admin");
            progress::watched(connection, &step.id, watch, async move { send(&admin, command).await })
                .await
                .map_err(failed)
        }
        Action::PinToZone { collection, zone, shards } => {
            let admin = connection.client.database("admin");
            for shard in shards {
                send(&admin, doc! { "addShardToZone": shard, "zone": zone }).await.map_err(failed)?;
            }
            let declared = collection_of(collection)?;
            let end =
                |end: Bson| declared.shard_key.iter().map(|(field, _)| ((*field).to_owned(), end.clone())).collect();
            let (min, max): (Document, Document) = (end(Bson::MinKey), end(Bson::MaxKey));
            let namespace = format!("{}.{collection}", database.name());
            let range = doc! { "updateZoneKeyRange": namespace, "min": min, "max": max, "zone": zone };
            send(&admin, range).await.map_err(failed)
        }
        Action::RecordVersion => {
            let mut record = schema::record(bson::DateTime::now());
            record.extend(declared.additions().map(|hash| ("additions".to_owned(), Bson::from(hash))));
            let only = doc! { "_id": schema::SCHEMA_RECORD };
            migrations(connection).replace_one(only, record).upsert(true).await.map(drop).map_err(failed)
        }
    }
}

fn collection_of<'d>(declared: &'d Declared, name: &str) -> Result<&'d Collection> {
    let found = declared.collections.iter().find(|collection| collection.name == name);
    found.with_context(|| format!("no collection {name} is declared"))
}

fn validation(declared: &Collection) -> Document {
    doc! { "validator": (declared.validator)(), "validationLevel": "strict", "validationAction": "error" }
}

async fn send(database: &Database, command: Document) -> mongodb::error::Result<()> {
    let mut command = command;
    command.insert("writeConcern", doc! { "w": "majority" });
    database.run_command(command).await.map(drop)
}

/// Takes an error that says that the work was done before as success.
fn unless(outcome: mongodb::error::Result<()>, done: &[i32]) -> mongodb::error::Result<()> {
    match outcome {
        Err(error) if matches!(&*error.kind, ErrorKind::Command(command) if done.contains(&command.code)) => Ok(()),
        other => other,
    }
}
