//! What is under load: the service, on a store of its own that nobody else uses.

use std::path::Path;

use anyhow::{Context as _, Result};
use conversation_testkit::{ReplicaSet, Service, ServiceBuilder, ShardedCluster};

use crate::{
    binaries::Binaries,
    fault::{migrator::Migrator, redis::Redis},
    profile::{Fault, StoreKind},
};

/// The database of the service.
pub(crate) const DATABASE: &str = "conversations";
/// Members of the replica set.
const MEMBERS: usize = 3;
/// Shards of the cluster, of one member each.
const SHARDS: usize = 2;

/// The service and what it stands on, in the order of dropping.
#[derive(Debug)]
pub struct Stand {
    /// The service.
    pub service: Service,
    pub(crate) redis: Option<Redis>,
    pub(crate) store: Store,
}

/// A store.
#[derive(Debug)]
pub(crate) enum Store {
    Mongodb(ReplicaSet),
    Sharded(Box<ShardedCluster>),
    Embedded,
}

impl Store {
    pub(crate) fn uri(&self) -> Option<String> {
        match self {
            Self::Mongodb(set) => Some(set.uri()),
            Self::Sharded(cluster) => Some(cluster.uri()),
            Self::Embedded => None,
        }
    }
}

impl Stand {
    /// Starts everything that a run of this kind needs; files go to `folder`.
    pub(crate) async fn start(
        kind: StoreKind,
        fault: Option<Fault>,
        binaries: &Binaries,
        folder: &Path,
    ) -> Result<Self> {
        let store = match kind {
            StoreKind::Mongodb => Store::Mongodb(ReplicaSet::start(MEMBERS).await.context("replica set")?),
            StoreKind::Sharded => {
                Store::Sharded(Box::new(ShardedCluster::start(SHARDS, 1).await.context("sharded cluster")?))
            }
            StoreKind::Embedded => Store::Embedded,
        };
        let mut builder = builder(binaries, folder);
        if let Some(uri) = store.uri() {
            let migrator = Migrator::new(&binaries.migrator, &uri);
            match (&store, fault) {
                (Store::Sharded(cluster), Some(Fault::Migration)) => migrator.prepare(cluster).await?,
                _ => migrator.run(&["apply", "--yes"]).await?,
            }
            builder = builder.env("MONGODB_URI", uri).env("MONGODB_DATABASE", DATABASE);
        }
        let redis = match fault {
            Some(Fault::RedisDown) => Redis::start_for(&binaries.service, folder).await?,
            _ => None,
        };
        if let Some(redis) = &redis {
            builder = builder.env("REDIS_URL", redis.url());
        }
        let service = builder.start().await?;
        Ok(Self { service, redis, store })
    }
}

fn builder(binaries: &Binaries, folder: &Path) -> ServiceBuilder {
    // A line for each of some million requests is not what is measured.
    let log = "warn,conversation_api::app=info";
    Service::builder(&binaries.service).env("LOG_LEVEL", log).data_dir(folder.join("data"))
}
