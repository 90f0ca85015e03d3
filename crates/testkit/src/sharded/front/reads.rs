//! Reads, and writes that no driver repeats: both are carried out by the router's own code inside the router node.

use mongodb::bson::raw::cstr;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawBson, RawDocumentBuf, doc};

use super::Router;
use super::failure::{Failure, ILLEGAL_OPERATION, INVALID_OPTIONS, SHARD_KEY_NOT_FOUND, is_stale};
use super::forward::Answer;
use super::hash::compare;
use super::message::{Command, Fields};
use super::target::Route;
use super::versioned::{by_shard, cluster_time, stamp};

/// A mongos repeats as often.
const ATTEMPTS: u32 = 10;

impl Router {
    /// Runs `find`, `aggregate`, `getMore` or a write without a transaction number as the router node's internal command
    /// of the same meaning.
    pub(super) async fn clustered(&self, command: &Command) -> Answer {
        let name = command.name().to_owned();
        let collection = command.fields.first().1.and_then(RawBson::as_str).map(str::to_owned);
        let mut fields = command.fields.clone();
        let (head, tail) = name.split_at(1);
        fields.rename_first(format!("cluster{}{tail}", head.to_uppercase()));
        // With it, the three writes would end the process of the router node.
        fields.remove("txnNumber");
        let documents: Option<Vec<_>> = command.batch.as_ref().map(|b| b.documents.iter().map(|d| &**d).collect());
        let writes = command.batch.as_ref().zip(documents.as_ref()).map(|(b, d)| (b.field.as_str(), d.as_slice()));
        let mut attempt = 1;
        let mut reply = loop {
            let reply = self.node.call(&command.database, &fields, writes).await?;
            let stale = !reply.is_ok() && is_stale(reply.code());
            let (true, Some(collection)) = (stale && attempt < ATTEMPTS, &collection) else { break reply };
            attempt += 1;
            // A mongos repeats the whole command after a refresh; inside a mongod an aggregation is not.
            let flush = doc! { "flushRouterConfig": format!("{}.{collection}", command.database) };
            self.node.call("admin", &Fields::try_from(flush)?, None).await?;
        };
        // The router node's own operations say nothing of the shards'; what it has heard of does.
        if let Some(time) = cluster_time(reply.document("$clusterTime")) {
            reply.set("operationTime", time);
        }
        Ok(reply)
    }

    pub(super) async fn find(&self, command: &Command) -> Answer {
        if command.fields.flag("tailable").unwrap_or(false) {
            // An empty batch of such a cursor would end the process of the router node.
            return Err(Failure::new(INVALID_OPTIONS, "the front has no tailable cursors"));
        }
        self.clustered(command).await
    }

    pub(super) async fn aggregate(&self, command: &Command) -> Answer {
        if let Some(RawBson::Array(pipeline)) = command.fields.get("pipeline") {
            for stage in pipeline {
                if stage?.as_document().is_some_and(|stage| matches!(stage.get("$changeStream"), Ok(Some(_)))) {
                    // An empty batch of one would end the process of the router node.
                    return Err(Failure::new(115, "the front has no change streams"));
                }
            }
        }
        self.clustered(command).await
    }

    /// `count`, by an aggregation because shards asked for a count would count documents that are moving twice.
    pub(super) async fn count(&self, command: &Command) -> Answer {
        let mut pipeline = RawArrayBuf::new();
        let query = command.fields.document("query").map(ToOwned::to_owned).unwrap_or_default();
        pipeline.push(RawDocumentBuf::from_iter([(cstr!("$match"), query)]));
        for stage in ["skip", "limit"] {
            if let Some(number) = command.fields.integer(stage).filter(|number| *number != 0) {
                let stage = format!("${stage}");
                pipeline.push(RawDocumentBuf::try_from(doc! { stage: number.abs() })?);
            }
        }
        pipeline.push(RawDocumentBuf::try_from(doc! { "$count": "n" })?);
        let mut fields = command.fields.clone();
        fields.rename_first("aggregate".to_owned());
        fields.retain(|name| !["query", "skip", "limit", "fields"].contains(&name));
        fields.set("pipeline", pipeline);
        fields.set("cursor", RawDocumentBuf::new());
        let reply = self.clustered(&Command { fields, ..command.clone() }).await?;
        if !reply.is_ok() {
            return Ok(reply);
        }
        let counted = reply.to_document()?;
        let batch = counted.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
        let first = batch.ok().and_then(|batch| batch.first()).and_then(Bson::as_document);
        let n = first.and_then(|first| first.get("n").cloned()).unwrap_or(Bson::Int32(0));
        let mut answer = Fields::try_from(doc! { "n": n, "ok": 1.0 })?;
        stamp(&mut answer, [&reply]);
        Ok(answer)
    }

    pub(super) async fn distinct(&self, command: &Command) -> Answer {
        let answers = self.broadcast(command, false).await?;
        let mut values = Vec::new();
        for (_, answer) in &answers {
            values.extend(answer.array("values")?);
        }
        values.sort_by(compare);
        values.dedup_by(|right, left| compare(left, right).is_eq());
        let mut reply = Fields::try_from(doc! { "values": values, "ok": 1.0 })?;
        stamp(&mut reply, answers.iter().map(|(_, answer)| answer));
        Ok(reply)
    }

    /// `findAndModify`, on the one shard that its query can match on.
    pub(super) async fn find_and_modify(&self, command: &Command) -> Answer {
        let mut command = command.clone();
        command.fields.rename_first("findAndModify".to_owned());
        let query = command.fields.document("query").map(ToOwned::to_owned).unwrap_or_default();
        let refusal =
            || Failure::new(SHARD_KEY_NOT_FOUND, "Query for sharded findAndModify must contain the shard key");
        let create = command.fields.flag("upsert").unwrap_or(false);
        let pick = |route: &Route| Ok(vec![route.of_query(&query)?.ok_or_else(refusal)?]);
        let answers = self.versioned(&command, pick, create, command.is_retryable_write()).await?;
        answers.into_iter().next().map(|(_, reply)| reply).ok_or_else(refusal)
    }

    /// `explain`: of a `find` by the router's own code; of others as the shards explain the plain command, because the
    /// router node does not survive being asked for them.
    pub(super) async fn explain(&self, command: &Command) -> Answer {
        let explained = command.fields.document("explain").map(Fields::read).transpose()?.unwrap_or_default();
        let mut inner = explained.clone();
        let query = match explained.first().0 {
            "find" => {
                inner.rename_first("clusterFind".to_owned());
                let mut fields = command.fields.clone();
                fields.set("explain", inner.write()?);
                return self.node.call(&command.database, &fields, None).await;
            }
            "count" | "distinct" | "findAndModify" => explained.document("query").map(ToOwned::to_owned),
            "update" => first_query(&explained, "updates")?,
            "delete" => first_query(&explained, "deletes")?,
            "aggregate" => None,
            other => {
                return Err(Failure::new(ILLEGAL_OPERATION, format!("the front does not explain {other}")));
            }
        };
        let pick = |route: &Route| match &query {
            Some(query) => Ok(route.of_query(query)?.map_or_else(|| route.shards(), |shard| vec![shard])),
            None => Ok(route.shards()),
        };
        let answers = self.versioned(command, pick, false, false).await?;
        Fields::try_from(doc! { "shards": by_shard(&answers)?, "ok": 1.0 })
    }

    /// The router node has no command to end a cursor from outside; it ends by itself when it is idle.
    pub(super) fn kill_cursors(command: &Command) -> Answer {
        let nothing = Vec::<Bson>::new();
        let mut reply = Document::new();
        reply.insert("cursorsKilled", command.fields.array("cursors")?);
        for name in ["cursorsNotFound", "cursorsAlive", "cursorsUnknown"] {
            reply.insert(name, nothing.clone());
        }
        reply.insert("ok", 1.0);
        Fields::try_from(reply)
    }
}

fn first_query(explained: &Fields, field: &str) -> Result<Option<RawDocumentBuf>, Failure> {
    let first = explained.clone().take_documents(field)?.into_iter().next();
    let query = first.as_ref().map(|first| first.get_document("q").map(ToOwned::to_owned));
    Ok(query.transpose()?)
}
