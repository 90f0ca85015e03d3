//! Counts of a server over some sessions: what each operation and each document costs it.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, doc};
use conversation_core::Rules;
use conversation_store::{MongoSettings, MongoStore};
use conversation_testkit::{ReplicaSet, unique_database};
use futures_util::TryStreamExt;
use mongodb::Client;

use crate::{
    calls::{Call, make},
    speech,
};

/// What one call costs.
#[derive(Debug)]
pub(crate) struct Price {
    /// Bytes of BSON in the oplog.
    pub(crate) oplog: f64,
    /// Bytes between the service and its server, both ways, uncompressed.
    pub(crate) network: f64,
    /// Processor seconds for 10,000 calls, of the primary and of each secondary; a tick is 10 ms.
    pub(crate) cpu: (f64, f64),
}

/// What one document weighs, in bytes.
#[derive(Debug)]
pub(crate) struct Weight {
    pub(crate) bson: f64,
    pub(crate) disk: f64,
    pub(crate) indexes: f64,
}

/// All that was counted.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) create: Price,
    pub(crate) append: Price,
    pub(crate) complete: Price,
    pub(crate) read: Price,
    pub(crate) sessions: Weight,
    pub(crate) events: Weight,
    pub(crate) payload: f64,
    pub(crate) index_leaf: f64,
}

struct Bench {
    set: ReplicaSet,
    client: Client,
    store: Arc<MongoStore>,
    database: String,
}

impl Counts {
    /// Counts over so many sessions with so many events each, on a replica set of its own.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    pub(crate) async fn of(members: usize, sessions: usize, events: usize) -> Self {
        let bench = Bench::start(members).await;
        let create = bench.cost(sessions, (0..sessions).map(Call::Create)).await;
        // In the order of time: all sessions go on at once, and each waits between its events.
        let appends = (0..events).flat_map(|event| (0..sessions).map(move |session| Call::Append(session, event)));
        let append = bench.cost(sessions * events, appends).await;
        let complete = bench.cost(sessions, (0..sessions).map(Call::Complete)).await;
        let read = bench.cost(sessions, (0..sessions).map(Call::Read)).await;
        // Sizes on disk count from the last checkpoint.
        bench.admin(doc! { "fsync": 1 }).await;
        let (of_sessions, of_events) = (bench.collection("sessions").await, bench.collection("events").await);
        let payloads = (0..sessions).map(|session| speech::payload(session, 1).len()).sum::<usize>();
        let payload = payloads as f64 / sessions as f64;
        let index_leaf = leaf(&of_events);
        let (sessions, events) = (weight(&of_sessions), weight(&of_events));
        Self { create, append, complete, read, sessions, events, payload, index_leaf }
    }
}

impl Bench {
    async fn start(members: usize) -> Self {
        let set = ReplicaSet::start(members).await.expect("a replica set");
        let client = set.client().await.expect("a client");
        let database = unique_database();
        let settings = MongoSettings {
            uri: set.uri(),
            database: database.clone(),
            auto_migrate: true,
            operation_timeout: Duration::from_secs(60),
            ..MongoSettings::default()
        };
        let store = Arc::new(MongoStore::connect(settings, Rules::default()).await.expect("a store"));
        Self { set, client, store, database }
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    async fn cost(&self, how_many: usize, calls: impl Iterator<Item = Call>) -> Price {
        let (oplog, network, cpu) = (self.oplog().await, self.network().await, self.cpu().await);
        make(&self.store, calls).await;
        let (cpu_after, network_after, oplog_after) = (self.cpu().await, self.network().await, self.oplog().await);
        let each = |before: f64, after: f64| (after - before) / how_many as f64;
        let ten_thousand = |before: f64, after: f64| each(before, after) * 10_000.0;
        let cpu = (ten_thousand(cpu.0, cpu_after.0), ten_thousand(cpu.1, cpu_after.1));
        Price { oplog: each(oplog, oplog_after), network: each(network, network_after), cpu }
    }

    /// All of this database in the oplog.
    async fn oplog(&self) -> f64 {
        let ours = doc! { "$match": { "ns": { "$regex": format!("^{}\\.", self.database) } } };
        let sum = doc! { "$group": { "_id": null, "bytes": { "$sum": { "$bsonSize": "$$ROOT" } } } };
        let oplog = self.client.database("local").collection::<Document>("oplog.rs");
        let summed: Vec<Document> =
            oplog.aggregate([ours, sum]).await.expect("an oplog").try_collect().await.expect("a sum");
        summed.first().map_or(0.0, |sum| number(sum, "bytes"))
    }

    async fn network(&self) -> f64 {
        let status = self.admin(doc! { "serverStatus": 1 }).await;
        let network = status.get_document("network").expect("network");
        number(network, "bytesIn") + number(network, "bytesOut")
    }

    /// Of the primary, and the mean of the secondaries.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    async fn cpu(&self) -> (f64, f64) {
        let primary = self.set.primary().await.expect("a primary");
        let of = |index: usize| self.set.member(index).process().cpu_seconds().expect("times");
        let others: Vec<f64> = (0..self.set.pids().len()).filter(|index| *index != primary).map(of).collect();
        (of(primary), others.iter().sum::<f64>() / others.len().max(1) as f64)
    }

    async fn collection(&self, name: &str) -> Document {
        let ask = doc! { "collStats": name, "indexDetails": true };
        self.client.database(&self.database).run_command(ask).await.expect("statistics")
    }

    async fn admin(&self, command: Document) -> Document {
        self.client.database("admin").run_command(command).await.expect("the server does it")
    }
}

fn weight(stats: &Document) -> Weight {
    let each = |field: &str| number(stats, field) / number(stats, "count");
    Weight { bson: each("size"), disk: each("storageSize"), indexes: each("totalIndexSize") }
}

/// The most bytes of a leaf page of an index, as the server created it.
fn leaf(stats: &Document) -> f64 {
    let details = stats.get_document("indexDetails").and_then(|all| all.get_document("timeline")).expect("details");
    let how = details.get_str("creationString").expect("how it was made");
    let pages = how.split(',').find_map(|option| option.strip_prefix("leaf_page_max=")).expect("leaf pages");
    pages.trim_end_matches("KB").trim_end_matches('k').parse::<f64>().expect("kilobytes") * 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a test are far below 2^53")]
fn number(document: &Document, field: &str) -> f64 {
    match document.get(field) {
        Some(Bson::Int32(n)) => f64::from(*n),
        Some(Bson::Int64(n)) => *n as f64,
        Some(Bson::Double(n)) => *n,
        other => panic!("{field} is {other:?}"),
    }
}
