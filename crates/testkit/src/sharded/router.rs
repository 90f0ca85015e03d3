//! The router of a cluster: a real `mongos`, or the front with the router node behind it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use futures_util::future::OptionFuture;
use mongodb::bson::{Document, doc, oid::ObjectId};
use tempfile::TempDir;

use super::front::Front;
use super::role;
use crate::process::Process;
use crate::replica_set::ReplicaSet;
use crate::{tools, watchdog};

/// The name by which the config server's clients know the router node, which is no shard.
const NODE: &str = "router";

#[derive(Debug)]
pub(super) enum Router {
    Real { process: Process, _directory: TempDir },
    LookAlike { _front: Front, node: ReplicaSet },
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
        let Some(node) = node else { return real(port, config) };
        let front = Front::start(port, &config.known_as(), &node.member(0).address())?;
        Ok(Self::LookAlike { _front: front, node })
    }

    /// Makes the router node a member of the cluster that knows its catalogue, and that holds no data and is no shard.
    pub(super) async fn join(&self, config: &ReplicaSet) -> Result<()> {
        let Self::LookAlike { node, .. } = self else { return Ok(()) };
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

    /// Fails with its log if the process has ended.
    pub(super) fn check(&self) -> Result<()> {
        let node;
        let process = match self {
            Self::Real { process, .. } => process,
            Self::LookAlike { node: set, .. } => {
                node = set.member(0).process();
                &*node
            }
        };
        match process.exit_status()? {
            None => Ok(()),
            Some(status) => bail!("the router ended ({status}):\n{}", process.log()),
        }
    }
}

fn real(port: u16, config: &ReplicaSet) -> Result<Router> {
    let directory = tempfile::Builder::new().prefix("testkit-mongos-").tempdir().context("temporary directory")?;
    watchdog::remove(directory.path())?;
    let mut command = Command::new(tools::mongos()?.context("mongos")?);
    command.args(["--configdb", &config.known_as(), "--port", &port.to_string()]).args([
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
    ]);
    let process = Process::start(&mut command, &directory.path().join("mongos.log"))?;
    Ok(Router::Real { process, _directory: directory })
}

async fn cluster_id(config: &ReplicaSet) -> Result<ObjectId> {
    let versions = config.client().await?.database("config").collection::<Document>("version");
    let version = versions.find_one(doc! {}).await?.context("version of the cluster")?;
    version.get_object_id("clusterId").context("identity of the cluster")
}
