//! Making one step. Each is idempotent: the server, or a look beforehand, says that it was made already.

use anyhow::{Context, Result, anyhow};
use bson::{Bson, Document, doc};
use conversation_store::mongo::schema::{self, Collection, DECLARED, document};
use mongodb::{
    Database,
    error::{Error, ErrorKind},
};

use super::{Watcher, migrations, progress};
use crate::{
    connect::{Connection, describe},
    plan::{Action, Step},
};

const NAMESPACE_EXISTS: i32 = 48;
const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;

pub(super) async fn step(connection: &Connection, step: &Step, watch: Watcher<'_>) -> Result<()> {
    let database = &connection.database;
    let failed = |error: Error| anyhow!(describe(&step.id, &error));
    match &step.action {
        Action::CreateCollection { collection } => {
            let declared = declared(collection)?;
            let options = validation(declared);
            let mut command = doc! { "create": collection };
            command.extend(options);
            unless(run(database, command).await, &[NAMESPACE_EXISTS]).map_err(failed)
        }
        Action::SetValidator { collection } => {
            let mut command = doc! { "collMod": collection };
            command.extend(validation(declared(collection)?));
            run(database, command).await.map_err(failed)
        }
        Action::CreateIndex { collection, index } => {
            let declared = declared(collection)?.indexes.iter().find(|declared| declared.name == index);
            let model = declared.with_context(|| format!("no index {index} is declared for {collection}"))?.model();
            let handle = database.collection::<Document>(collection);
            progress::watched(connection, &step.id, watch, async move { handle.create_index(model).await.map(drop) })
                .await
                .map_err(failed)
        }
        Action::DropIndex { collection, index } => {
            let command = doc! { "dropIndexes": collection, "index": index };
            unless(run(database, command).await, &[INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND]).map_err(failed)
        }
        Action::ShardCollection { collection, chunks } => {
            let key = document(declared(collection)?.shard_key);
            let mut command = doc! { "shardCollection": format!("{}.{collection}", database.name()), "key": key };
            if let Some(chunks) = chunks {
                command.insert("numInitialChunks", *chunks);
            }
            let admin = connection.client.database("admin");
            progress::watched(connection, &step.id, watch, async move { run(&admin, command).await })
                .await
                .map_err(failed)
        }
        Action::PinToZone { collection, zone, shards } => {
            let admin = connection.client.database("admin");
            for shard in shards {
                run(&admin, doc! { "addShardToZone": shard, "zone": zone }).await.map_err(failed)?;
            }
            let declared = declared(collection)?;
            let end =
                |end: Bson| declared.shard_key.iter().map(|(field, _)| ((*field).to_owned(), end.clone())).collect();
            let (min, max): (Document, Document) = (end(Bson::MinKey), end(Bson::MaxKey));
            let namespace = format!("{}.{collection}", database.name());
            let range = doc! { "updateZoneKeyRange": namespace, "min": min, "max": max, "zone": zone };
            run(&admin, range).await.map_err(failed)
        }
        Action::RecordVersion => {
            let record = schema::record(bson::DateTime::now());
            let only = doc! { "_id": schema::SCHEMA_RECORD };
            migrations(connection).replace_one(only, record).upsert(true).await.map(drop).map_err(failed)
        }
    }
}

fn declared(name: &str) -> Result<&'static Collection> {
    DECLARED.iter().find(|declared| declared.name == name).with_context(|| format!("no collection {name} is declared"))
}

fn validation(declared: &Collection) -> Document {
    doc! { "validator": (declared.validator)(), "validationLevel": "strict", "validationAction": "error" }
}

async fn run(database: &Database, command: Document) -> mongodb::error::Result<()> {
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
