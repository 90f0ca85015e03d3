//! Two shards against one. The machine cannot hold two busy shards, so what counts is the processor time of an event, by
//! process: that of the shards and that of the service are told apart from that of the router, which in the tests' cluster
//! is not the product's.

use std::sync::Arc;

use anyhow::{Context, Result};
use conversation_store::mongo::schema::EVENTS;
use conversation_testkit::{ReplicaSet, ShardedCluster};
use mongodb::bson::Document;

use crate::args::Args;
use crate::contest::{Contender, Measured, take_turns};
use crate::cpu;
use crate::load::Case;
use crate::operations::{append_first, append_saying, create};
use crate::payload::SPOKEN;
use crate::series::{Point, Series};
use crate::subject::{Subject, on_mongodb};
use crate::targets::SHARDS;

use super::fill::conversation;

const DATABASE: &str = "bench_shards";
const NUMBERS: [usize; 2] = [1, 2];
/// Many more than the server makes chunks, so that the shards' shares are those of a hash.
const SESSIONS: u64 = 2_000;

/// A cluster with a service for each number of shards; they take turns.
pub(super) async fn measure(args: &Args) -> Result<Series> {
    let mut sharded = Vec::new();
    for number in NUMBERS {
        eprintln!("{SHARDS}: {number}");
        sharded.push(Sharded::prepare(args, number).await?);
    }
    eprintln!("{SHARDS}");
    let contenders: Vec<Contender> = sharded.iter().map(|sharded| sharded.contender(args.connections)).collect();
    let before = sharded.iter().map(Sharded::routing).collect::<Result<Vec<_>>>()?;
    let turns = take_turns(&contenders, args.pace()).await.context(SHARDS)?;
    let mut points = Vec::new();
    for ((sharded, service), before) in sharded.iter().zip(turns).zip(before) {
        let routing = cpu::per_10k(sharded.routing()? - before, service.items(args.pace()) as u64);
        let figures =
            vec![("router and config server", routing), ("share of the fullest shard", sharded.share().await?)];
        let measured = Measured { operation: "append".into(), service, ..Measured::default() };
        points.push(Point { figures, ..Point::new(sharded.shards().len() as u64, measured) });
    }
    let how =
        "A service of its own on each cluster, which take turns; each shard has as many members as said. `mongod` \
               is the shards together; the router and the config server are told apart, and the noise counts them. The \
               front of the tests' cluster is in the process of the load generator and limits the rate: compare the \
               processor time."
            .into();
    Ok(Series { name: SHARDS, unit: "shards", how, points })
}

#[derive(Debug)]
struct Sharded {
    // In the order of dropping: who uses the store ends before the store.
    subject: Subject,
    cluster: ShardedCluster,
}

impl Sharded {
    async fn prepare(args: &Args, shards: usize) -> Result<Self> {
        let cluster = ShardedCluster::start(shards, args.members as usize).await.context("sharded cluster")?;
        let subject = Subject::start(&on_mongodb(&cluster.uri(), DATABASE, args)).await?;
        let creates = Case::new(201, |number| create(&conversation(number)));
        let firsts = Case::new(201, |number| append_first(&conversation(number)));
        for case in [creates, firsts] {
            subject.ask_each(case, SESSIONS, args.connections.min(16)).await?;
        }
        Ok(Self { subject, cluster })
    }

    fn shards(&self) -> Vec<Arc<ReplicaSet>> {
        (0..self.cluster.shard_count()).map(|index| self.cluster.shard(index)).collect()
    }

    fn contender(&self, connections: u32) -> Contender {
        let store: Vec<u32> = self.shards().iter().flat_map(|shard| shard.pids()).collect();
        let case = Case::new(201, |number| append_saying(&conversation(number % SESSIONS), number, SPOKEN));
        self.subject.contender("service", connections, &store, case)
    }

    /// Processor seconds of what is neither a shard nor in this process.
    fn routing(&self) -> Result<f64> {
        cpu::seconds(&[self.cluster.router_pids(), self.cluster.config().pids()].concat())
    }

    /// What share of the events the shard with the most of them has.
    async fn share(&self) -> Result<f64> {
        let mut counts = Vec::new();
        for shard in self.shards() {
            let events = shard.client().await?.database(DATABASE).collection::<Document>(EVENTS);
            counts.push(events.estimated_document_count().await.context("events of a shard")? as f64);
        }
        Ok(counts.iter().copied().fold(0.0, f64::max) / counts.iter().sum::<f64>().max(1.0))
    }
}
