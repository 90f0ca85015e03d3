//! A sharded MongoDB cluster on loopback: a config server, shards, and what drivers take for a mongos.
//!
//! A real `mongos` is used where `MONGOS_BIN` names one; else a look-alike, which [`front`] describes.

mod chunk;
mod front;
mod router;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::{try_join, try_join_all};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use tokio::sync::OnceCell;

use crate::port::free_port;
use crate::replica_set::ReplicaSet;
use crate::wait::until;

pub use chunk::Chunk;
use router::Router;

/// Parameters of every server.
const PARAMETERS: [&str; 12] = [
    "--setParameter",
    // The default of fifteen minutes would keep a chunk from coming back to where it has just been.
    "orphanCleanupDelaySecs=1",
    "--setParameter",
    // What waits for the clocks of idle shards waits a second instead of ten.
    "periodicNoopIntervalSecs=1",
    "--setParameter",
    // The default is five minutes, however little there is to reshard.
    "reshardingMinimumOperationDurationMillis=0",
    // What moves gives up after seconds of waiting, which a busy machine may well take.
    "--setParameter",
    "reshardingCriticalSectionTimeoutMillis=60000",
    "--setParameter",
    "receiveChunkWaitForRangeDeleterTimeoutMS=60000",
    "--setParameter",
    "migrationLockAcquisitionMaxWaitMS=30000",
];
/// What a server that has just joined may take until it answers through the router.
const SETTLE: Duration = Duration::from_secs(60);

static SHARED: OnceCell<ShardedCluster> = OnceCell::const_new();

/// A sharded cluster; all its servers end, and their files go, when it is dropped.
#[derive(Debug)]
pub struct ShardedCluster {
    port: u16,
    members: usize,
    // First, because fields drop in order: it must not look for servers that are gone.
    router: Router,
    shards: Mutex<Vec<Arc<ReplicaSet>>>,
    config: ReplicaSet,
}

impl ShardedCluster {
    /// Starts a cluster of so many shards with so many members each, and one config server.
    pub async fn start(shards: usize, members: usize) -> Result<Self> {
        Self::start_at(free_port()?, shards, members).await
    }

    /// [`ShardedCluster::start`] with the router on a port of the caller's choice.
    pub async fn start_at(port: u16, shards: usize, members: usize) -> Result<Self> {
        let configuration = role("--configsvr");
        let config = ReplicaSet::start_in_role(1, &configuration);
        let sets = try_join_all((0..shards).map(|_| start_shard(members)));
        let ((config, sets), node) = try_join(try_join(config, sets), Router::start_node()).await?;
        let router = Router::start(port, &config, node)?;
        let cluster = Self { port, members, router, shards: Mutex::default(), config };
        cluster.wait_until_up().await?;
        for set in sets {
            cluster.register(set).await?;
        }
        cluster.router.join(&cluster.config).await?;
        Ok(cluster)
    }

    /// The one cluster that the tests of a binary share, two shards of one member each, each test with a
    /// [`crate::unique_database`].
    ///
    /// For tests that hurt no server; its servers end with the test process.
    pub async fn shared() -> Result<&'static Self> {
        SHARED.get_or_try_init(|| Self::start(2, 1)).await
    }

    /// The connection string, naming the router.
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}", self.port)
    }

    /// A new client of the router; like every client it ends with the runtime it was made on.
    pub async fn client(&self) -> Result<Client> {
        Client::with_uri_str(self.uri()).await.context("client of the sharded cluster")
    }

    /// The shard at this index, a replica set that can be hurt like any other.
    ///
    /// # Panics
    ///
    /// If there is no such shard, as indexing does.
    pub fn shard(&self, index: usize) -> Arc<ReplicaSet> {
        Arc::clone(&self.lock_shards()[index])
    }

    /// How many shards there are.
    pub fn shard_count(&self) -> usize {
        self.lock_shards().len()
    }

    /// The name by which the cluster knows the shard at this index.
    pub fn shard_name(index: usize) -> String {
        format!("shard{index}")
    }

    /// The config server, a replica set of one.
    pub fn config(&self) -> &ReplicaSet {
        &self.config
    }

    /// The process ids behind the router: of a `mongos`, or of the server whose router code the look-alike uses.
    pub fn router_pids(&self) -> Vec<u32> {
        self.router.pids()
    }

    /// Adds an empty shard, and gives its index.
    pub async fn add_shard(&self) -> Result<usize> {
        let set = start_shard(self.members).await?;
        self.register(set).await
    }

    /// Kills the router as `kill -9` does, with all connections to it.
    pub fn kill_router(&self) -> Result<()> {
        self.router.kill()
    }

    /// Starts a killed router again, and waits until it answers.
    pub async fn restart_router(&self) -> Result<()> {
        self.router.restart().await?;
        self.wait_until_up().await
    }

    /// Fails with its log if the process behind the router has ended, as one does that is sent what it cannot survive.
    pub fn check_router(&self) -> Result<()> {
        self.router.check()
    }

    /// Runs a command on the `admin` database through the router.
    pub async fn admin(&self, command: Document) -> Result<Document> {
        let answer = self.client().await?.database("admin").run_command(command).await;
        answer.context("admin command through the router")
    }

    /// Distributes a collection by a key over the shards.
    pub async fn shard_collection(&self, namespace: &str, key: Document) -> Result<()> {
        self.admin(doc! { "shardCollection": namespace, "key": key }).await.map(drop)
    }

    async fn register(&self, set: ReplicaSet) -> Result<usize> {
        let index = self.shard_count();
        let add = doc! { "addShard": set.known_as(), "name": Self::shard_name(index) };
        self.admin(add).await?;
        self.lock_shards().push(Arc::new(set));
        Ok(index)
    }

    async fn wait_until_up(&self) -> Result<()> {
        until(SETTLE, "the router to answer", async || self.admin(doc! { "ping": 1 }).await.is_ok()).await
    }

    fn lock_shards(&self) -> std::sync::MutexGuard<'_, Vec<Arc<ReplicaSet>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start_shard(members: usize) -> Result<ReplicaSet> {
    ReplicaSet::start_in_role(members, &role("--shardsvr")).await
}

fn role(role: &'static str) -> Vec<&'static str> {
    [&[role], &PARAMETERS[..]].concat()
}
