//! Commands to the shards with the versions by which they were targeted, repeated while a shard finds them stale.

use std::time::Duration;

use futures_util::future::join_all;
use mongodb::bson::{Bson, Document, RawDocument, doc};
use tokio::time::sleep;

use super::Router;
use super::failure::{Failure, is_stale};
use super::forward::{Answer, Members, Writes};
use super::message::{Command, Fields};
use super::target::Route;

/// With the pauses below this is some twenty seconds, longer than any migration or resharding holds a collection here.
pub(super) const ATTEMPTS: u32 = 60;

/// The answers of several shards, by their names.
pub(super) type Answers = Vec<(String, Fields)>;

/// A pause that grows, because what made a route stale may still be going on.
pub(super) async fn pause(attempt: u32) {
    sleep(Duration::from_millis(20).saturating_mul(attempt).min(Duration::from_millis(500))).await;
}

impl Router {
    /// Sends one command to one shard, with the versions of the route.
    pub(super) async fn send(
        &self,
        (route, shard): (&Route, &str),
        database: &str,
        mut fields: Fields,
        writes: Writes<'_>,
        repeatable: bool,
    ) -> Answer {
        let versions = route.versions(shard)?;
        match fields.document("explain").map(Fields::read).transpose()? {
            // A shard looks for the versions in the command that is explained.
            Some(mut explained) => {
                explained.extend(versions);
                fields.set("explain", explained.write()?);
            }
            None => fields.extend(versions),
        }
        let shard = self.catalogue.shard(shard).await?;
        shard.call(database, &fields, writes, repeatable).await
    }

    /// Sends a command to the shards that `pick` chooses by the route.
    pub(super) async fn versioned(
        &self,
        command: &Command,
        pick: impl Fn(&Route) -> Result<Vec<String>, Failure>,
        create: bool,
        repeatable: bool,
    ) -> Result<Answers, Failure> {
        let collection = explained_collection(command)?;
        let mut attempt = 0;
        loop {
            let answers = self.versioned_once(command, &collection, &pick, create, repeatable).await;
            let stale = match &answers {
                Ok(answers) => answers.iter().any(|(_, reply)| !reply.is_ok() && is_stale(reply.code())),
                Err(failure) => is_stale(failure.code()),
            };
            if !stale || attempt == ATTEMPTS {
                return answers;
            }
            attempt += 1;
            self.catalogue.forget(&command.database, &collection);
            pause(attempt).await;
        }
    }

    async fn versioned_once(
        &self,
        command: &Command,
        collection: &str,
        pick: impl Fn(&Route) -> Result<Vec<String>, Failure>,
        create: bool,
        repeatable: bool,
    ) -> Result<Answers, Failure> {
        let route = self.catalogue.route(&command.database, collection, create).await?;
        let shards = pick(&route)?;
        let sent = shards
            .iter()
            .map(|shard| self.send((&route, shard), &command.database, command.fields.clone(), None, repeatable));
        let answers = join_all(sent).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(shards.into_iter().zip(answers).collect())
    }

    /// Sends a command to all shards that have documents of its collection, and demands that all carry it out.
    pub(super) async fn broadcast(&self, command: &Command, create: bool) -> Result<Answers, Failure> {
        let answers = self.versioned(command, |route| Ok(route.shards()), create, false).await?;
        match answers.iter().find(|(_, reply)| !reply.is_ok()) {
            Some((_, refusal)) => Err(Failure(refusal.clone())),
            None => Ok(answers),
        }
    }

    /// Sends a command of the front's own to the primary shard of a database, with the version of the database.
    pub(super) async fn on_primary_shard(
        &self,
        database: &str,
        run_on: &str,
        command: Document,
        create: bool,
    ) -> Result<Document, Failure> {
        let mut attempt = 0;
        let answer = loop {
            let route = self.catalogue.route(database, "", create).await?;
            let mut command = command.clone();
            command.extend(route.database_version().map(|version| ("databaseVersion".to_owned(), version.clone())));
            let shard = self.catalogue.shard(&route.primary).await?;
            let answer = shard.ask(run_on, command, false).await;
            match &answer {
                Err(failure) if is_stale(failure.code()) && attempt < ATTEMPTS => {}
                _ => break answer,
            }
            attempt += 1;
            self.catalogue.forget_database(database);
            pause(attempt).await;
        };
        self.catalogue.forget_database(database);
        answer
    }

    /// Fetches the rest of a listing now, so that its cursor is finished and the front need not know it later.
    pub(super) async fn drain(&self, shard: &Members, database: &str, reply: Fields) -> Answer {
        let mut reply = reply.to_document()?;
        let Ok(cursor) = reply.get_document_mut("cursor") else { return Fields::try_from(reply) };
        let namespace = cursor.get_str("ns").unwrap_or_default().to_owned();
        let collection = namespace.split_once('.').map_or("", |(_, collection)| collection);
        while let Some(id) = cursor.get_i64("id").ok().filter(|id| *id != 0) {
            let more = doc! { "getMore": id, "collection": collection };
            let mut more = shard.ask(database, more, false).await?;
            let Ok(next) = more.get_document_mut("cursor") else { break };
            cursor.insert("id", next.get_i64("id").unwrap_or(0));
            if let (Ok(batch), Ok(next)) = (cursor.get_array_mut("firstBatch"), next.get_array_mut("nextBatch")) {
                batch.append(next);
            }
        }
        Fields::try_from(reply)
    }
}

/// The collection that a command is about, also if it is one that is to be explained.
fn explained_collection(command: &Command) -> Result<String, Failure> {
    match command.fields.document("explain") {
        None => command.collection().map(str::to_owned),
        Some(explained) => {
            let inner = Fields::read(explained)?;
            let inner = Command { database: command.database.clone(), fields: inner, batch: None };
            inner.collection().map(str::to_owned)
        }
    }
}

/// Puts the latest times of several answers into one, for the client's causal consistency.
pub(super) fn stamp<'a>(reply: &mut Fields, answers: impl IntoIterator<Item = &'a Fields>) {
    for answer in answers {
        let time = |fields: &Fields| cluster_time(fields.document("$clusterTime"));
        if let Some(later) = answer.get("$clusterTime").filter(|_| time(answer) > time(reply)) {
            reply.set("$clusterTime", later.clone());
        }
        let operation = |fields: &Fields| fields.get("operationTime").and_then(|time| time.as_timestamp());
        if let Some(later) = answer.get("operationTime").filter(|_| operation(answer) > operation(reply)) {
            reply.set("operationTime", later.clone());
        }
    }
}

pub(super) fn cluster_time(time: Option<&RawDocument>) -> Option<mongodb::bson::Timestamp> {
    time.and_then(|time| time.get_timestamp("clusterTime").ok())
}

/// The answers of several shards as one document, by their names.
pub(super) fn by_shard(answers: &Answers) -> Result<Document, Failure> {
    answers.iter().map(|(shard, reply)| Ok((shard.clone(), Bson::Document(reply.to_document()?)))).collect()
}
