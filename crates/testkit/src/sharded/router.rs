//! The router of a cluster: a real `mongos`, or the front with the router node behind it.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::OptionFuture;
use mongodb::bson::{Document, doc, oid::ObjectId};
use tempfile::TempDir;

use super::front::Front;
use super::role;
use crate::process::Process;
use crate::replica_set::ReplicaSet;
use crate::wait::until;
use crate::{tools, watchdog};

/// The name by which the config server's clients know the router node, which is no shard.
const NODE: &str = "router";

/// A connection that was just closed may hold the port for a moment.
const RELEASE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Router {
    port: u16,
    /// By which the config server is known.
    config: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Real { process: Mutex<Arc<Process>>, directory: TempDir },
    LookAlike { front: Mutex<Option<Front>>, node: ReplicaSet },
}

impl Router {
    /// Starts the server whose router code the front uses, unless a real `mongos` makes it unnecessary.
    pub(super) async fn start_node() -> Result<Option<ReplicaSet>> {
        let needed = tools::mongos()?.is_none();
        let role = role("--shardsvr");
        OptionFuture::from(needed.then(|| ReplicaSet::start_in_role(1, &role))).await.transpose()
    }

    /// Starts the router on a port, without waiting for it.
    pub(super) fn start(port: u16, config: &ReplicaSet, node: Option<ReplicaSet>) -> Result<Self> {
        let config = config.known_as();
        let kind = match node {
            Some(node) => {
                let front = Front::start(port, &config, &node.member(0).address())?;
                Kind::LookAlike { front: Mutex::new(Some(front)), node }
            }
            None => {
                let directory = tempfile::Builder::new().prefix("testkit-mongos-").tempdir();
                let directory = directory.context("temporary directory")?;
                watchdog::remove(directory.path())?;
                let process = Mutex::new(Arc::new(mongos(port, &config, directory.path())?));
                Kind::Real { process, directory }
            }
        };
        Ok(Self { port, config, kind })
    }

    /// Ends the router at once, with all connections to it.
    pub(super) fn kill(&self) -> Result<()> {
        match &self.kind {
            Kind::Real { process, .. } => lock(process).kill(),
            Kind::LookAlike { front, node } => {
                drop(lock(front).take());
                node.kill(0)
            }
        }
    }

    /// Starts a killed router again on its port, without waiting for it.
    pub(super) async fn restart(&self) -> Result<()> {
        match &self.kind {
            Kind::Real { process, directory } => {
                let started = mongos(self.port, &self.config, directory.path())?;
                *lock(process) = Arc::new(started);
                Ok(())
            }
            Kind::LookAlike { front, node } => {
                node.restart(0).await?;
                node.wait_for_primary().await?;
                let address = node.member(0).address();
                let started = until(RELEASE, "the port of the router", async || {
                    Front::start(self.port, &self.config, &address).ok()
                });
                *lock(front) = Some(started.await?);
                Ok(())
            }
        }
    }

    /// Makes the router node a member of the cluster that knows its catalogue, and that holds no data and is no shard.
    pub(super) async fn join(&self, config: &ReplicaSet) -> Result<()> {
        let Kind::LookAlike { node, .. } = &self.kind else { return Ok(()) };
        let identity = doc! {
            "shardName": NODE,
            "clusterId": cluster_id(config).await?,
            "configsvrConnectionString": config.known_as(),
        };
        node.member(0).admin(doc! { "_addShard": 1, "shardIdentity": identity }).await?;
        let ask = doc! { "getParameter": 1, "featureCompatibilityVersion": 1 };
        let answer = config.member(0).admin(ask).await?;
        let version = answer.get_document("featureCompatibilityVersion").and_then(|v| v.get_str("version"));
        // A real shard gets it from the config server; without it the node would refuse what the cluster can do.
        let set = doc! {
            "setFeatureCompatibilityVersion": version.context("version of the config server")?,
            "writeConcern": { "w": "majority", "wtimeout": 30_000 },
        };
        node.member(0).admin(set).await.map(drop)
    }

    /// The ids of its processes.
    pub(super) fn pids(&self) -> Vec<u32> {
        match &self.kind {
            Kind::Real { process, .. } => vec![lock(process).pid()],
            Kind::LookAlike { node, .. } => node.pids(),
        }
    }

    /// Fails with its log if the process has ended.
    pub(super) fn check(&self) -> Result<()> {
        let process = match &self.kind {
            Kind::Real { process, .. } => Arc::clone(&lock(process)),
            Kind::LookAlike { node, .. } => node.member(0).process(),
        };
        match process.exit_status()? {
            None => Ok(()),
            Some(status) => bail!("the router ended ({status}):\n{}", process.log()),
        }
    }
}

fn mongos(port: u16, config: &str, directory: &Path) -> Result<Process> {
    let mut command = Command::new(tools::mongos()?.context("mongos")?);
    command.args(["--configdb", config, "--port", &port.to_string()]).args([
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
    ]);
    Process::start(&mut command, &directory.join("mongos.log"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn cluster_id(config: &ReplicaSet) -> Result<ObjectId> {
    let versions = config.client().await?.database("config").collection::<Document>("version");
    let version = versions.find_one(doc! {}).await?.context("version of the cluster")?;
    version.get_object_id("clusterId").context("identity of the cluster")
}
