//! Where one series grows: a replica set of its own, filled, with the service and the bare driver on one database.

use std::sync::Arc;

use anyhow::{Context, Result};
use conversation_testkit::ReplicaSet;
use mongodb::Client;
use mongodb::bson::doc;

use crate::args::Args;
use crate::bare_mongo::BareMongo;
use crate::storage::{self, Weight};
use crate::subject::{Subject, on_mongodb};

use super::fill::Filling;

const DATABASE: &str = "bench_growth";
/// What the bare driver's events are numbered from, so that they are none of the service's.
pub(super) const BARE: u64 = 5_000_000_000;

/// A filled database and who works on it.
#[derive(Debug)]
pub(super) struct Ground {
    // In the order of dropping: who uses the store ends before the store.
    /// The service.
    pub(super) subject: Subject,
    /// The driver.
    pub(super) bare: Arc<BareMongo>,
    set: ReplicaSet,
}

impl Ground {
    /// Starts everything and fills the database; nothing is left to be written when it returns.
    pub(super) async fn prepare(args: &Args, fillings: &[Filling]) -> Result<Self> {
        let set = ReplicaSet::start_roomy(args.members as usize).await.context("replica set")?;
        let bare = BareMongo::connect(&set.uri(), DATABASE).await?;
        for filling in fillings {
            filling.store(&bare).await?;
        }
        storage::checkpoint(&set.client().await?).await?;
        let subject = Subject::start(&on_mongodb(&set.uri(), DATABASE, args)).await?;
        Ok(Self { subject, bare, set })
    }

    /// The processes of the store.
    pub(super) fn store(&self) -> Vec<u32> {
        self.set.pids()
    }

    /// A client for administration.
    pub(super) async fn client(&self) -> Result<Client> {
        self.set.client().await
    }

    /// How many bytes a server keeps in memory at the most, of its data.
    pub(super) async fn cache(&self) -> Result<f64> {
        let status = self.client().await?.database("admin").run_command(doc! { "serverStatus": 1 }).await;
        let status = status.context("status of the server")?;
        let cache = status.get_document("wiredTiger").and_then(|engine| engine.get_document("cache"));
        Ok(storage::number(cache.context("cache of the server")?, "maximum bytes configured"))
    }

    /// What is stored.
    pub(super) async fn weigh(&self) -> Result<Vec<Weight>> {
        storage::weigh(&self.client().await?, DATABASE).await
    }
}
