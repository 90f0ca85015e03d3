//! Chunks: splitting them, moving them, and what else of their distribution the config server decides.

use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::Router;
use super::catalogue::majority;
use super::failure::Failure;
use super::forward::Answer;
use super::message::{Command, Fields};
use super::target::Placed;

impl Router {
    /// Runs a command on the config server under its internal name there.
    pub(super) async fn on_config_server(&self, command: &Command) -> Answer {
        let name = command.name();
        let (head, tail) = name.split_at(1);
        let mut asked = command.fields.clone();
        asked.rename_first(format!("_configsvr{}{tail}", head.to_uppercase()));
        asked.retain(|field| !["lsid", "writeConcern", "$readPreference", "txnNumber"].contains(&field));
        let mut asked = asked.to_document()?;
        // The commands of the balancer refuse one.
        if !name.starts_with("balancer") {
            asked.insert("writeConcern", majority());
        }
        Fields::try_from(self.catalogue.config.ask("admin", asked, false).await?)
    }

    pub(super) async fn move_chunk(&self, command: &Command) -> Answer {
        let (database, collection) = command.namespace()?;
        let fields = &command.fields;
        let mut asked = doc! { "_configsvrMoveRange": format!("{database}.{collection}") };
        match fields.document("min") {
            Some(min) => {
                asked.insert("min", Document::try_from(min)?);
                if let Some(max) = fields.document("max") {
                    asked.insert("max", Document::try_from(max)?);
                }
            }
            None => {
                let chunk = self.chunk(command).await?;
                asked.extend(doc! { "min": chunk.min, "max": chunk.max });
            }
        }
        let to = fields.text("to").or_else(|| fields.text("toShard"));
        asked.insert("toShard", to.ok_or_else(|| Failure::new(9, "moveChunk needs `to`"))?);
        let wait = ["_waitForDelete", "waitForDelete"].iter().any(|name| fields.flag(name).unwrap_or(false));
        asked.extend(doc! { "waitForDelete": wait, "writeConcern": majority() });
        Fields::try_from(self.catalogue.config.ask("admin", asked, false).await?)
    }

    pub(super) async fn split(&self, command: &Command) -> Answer {
        let (database, collection) = command.namespace()?;
        let namespace = format!("{database}.{collection}");
        let chunk = self.chunk(command).await?;
        let route = self.catalogue.route(database, collection, false).await?;
        let sharding = route.require_sharding(&namespace)?;
        let shard = self.catalogue.shard(&chunk.shard).await?;
        let place = doc! { "keyPattern": sharding.key.clone(), "min": chunk.min, "max": chunk.max };
        let at = match command.fields.document("middle") {
            Some(middle) => vec![Bson::Document(Document::try_from(middle)?)],
            None => {
                let mut median = doc! { "splitVector": &namespace, "force": true };
                median.extend(place.clone());
                let found = shard.ask("admin", median, true).await?;
                let keys = found.get_array("splitKeys").cloned().unwrap_or_default();
                keys.into_iter().take(1).collect()
            }
        };
        if at.is_empty() {
            return Err(Failure::new(87, "cannot find the median of a chunk, which may be empty"));
        }
        let mut split = doc! { "splitChunk": &namespace, "from": chunk.shard, "splitKeys": at };
        split.extend(place);
        split.extend(doc! { "epoch": sharding.epoch, "timestamp": sharding.timestamp });
        let answer = shard.ask("admin", split, false).await;
        self.catalogue.forget(database, collection);
        Fields::try_from(answer?)
    }

    /// The chunk that a command names by a bound, a value, or a document in it.
    async fn chunk(&self, command: &Command) -> Result<Placed, Failure> {
        let (database, collection) = command.namespace()?;
        // A stale route would name the wrong bounds, and nobody would say so.
        self.catalogue.forget(database, collection);
        let route = self.catalogue.route(database, collection, false).await?;
        let sharding = route.require_sharding(&format!("{database}.{collection}"))?;
        let bounds = command.fields.array("bounds")?;
        let named = |name| command.fields.document(name).map(Document::try_from).transpose();
        let values = match (bounds.into_iter().next(), named("min")?, named("middle")?) {
            (Some(Bson::Document(values)), ..) | (_, Some(values), _) | (_, _, Some(values)) => values,
            _ => {
                let document: &RawDocument = command
                    .fields
                    .document("find")
                    .ok_or_else(|| Failure::new(9, "a chunk is named by `bounds`, `min`, `middle` or `find`"))?;
                sharding.key_of(document)?
            }
        };
        Ok(sharding.owner(&values).clone())
    }
}
