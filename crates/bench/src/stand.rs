//! What stands on the test bench: the service with its store, and beside it the bare driver on a database of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use conversation_testkit::ReplicaSet;
use tempfile::TempDir;

use crate::args::{Args, StoreKind};
use crate::bare_mongo::BareMongo;
use crate::bare_sqlite::BareSqlite;
use crate::contest::Contender;
use crate::load::Case;
use crate::memory;
use crate::operations::{Operation, SEEDS};
use crate::oplog;
use crate::start_up::{self, StartUp};
use crate::storage::{self, Weight};
use crate::subject::{Settings, Subject, binary, on_mongodb};

/// The database of the service.
const DATABASE: &str = "bench_service";
/// After this the service has done what a start leaves to do, and nothing has been asked of it.
const REST: Duration = Duration::from_secs(2);

/// A store's driver without the service.
#[derive(Debug)]
enum Bare {
    Mongo(Arc<BareMongo>),
    Sqlite(BareSqlite),
}

/// The memory of a service that nothing has been asked of, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtRest {
    /// All of it.
    pub(crate) resident: f64,
    /// Pages of its own.
    pub(crate) anonymous: f64,
    /// Pages of files: its binary.
    pub(crate) file: f64,
}

/// The service and the bare driver, seeded.
#[derive(Debug)]
pub(crate) struct Stand {
    /// Which store.
    pub(crate) store: StoreKind,
    /// How long the service took to start.
    pub(crate) start_up: StartUp,
    /// Its memory before the first request.
    pub(crate) at_rest: AtRest,
    // In the order of dropping: who uses the store ends before the store, and that before its files.
    subject: Subject,
    bare: Bare,
    set: Option<ReplicaSet>,
    _folder: TempDir,
}

impl Stand {
    /// The service on a store.
    pub(crate) async fn on(store: StoreKind, args: &Args) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir().context("temporary directory")?;
        match store {
            StoreKind::Mongodb => {
                let set = ReplicaSet::start_roomy(args.members as usize).await.context("replica set")?;
                let bare = BareMongo::connect(&set.uri(), "bench_bare").await?;
                bare.seed().await.context("seed of the bare driver")?;
                let settings = on_mongodb(&set.uri(), DATABASE, args);
                Self::with(store, args, settings, Bare::Mongo(bare), Some(set), folder).await
            }
            StoreKind::Embedded => {
                let bare = Bare::Sqlite(BareSqlite::prepare(&folder.path().join("bare"))?);
                let mut settings: Settings = vec![("DATA_DIR".to_owned(), folder.path().join("service").into())];
                settings.extend(args.settings.iter().map(|(name, value)| (name.clone(), value.into())));
                Self::with(store, args, settings, bare, None, folder).await
            }
        }
    }

    async fn with(
        store: StoreKind,
        args: &Args,
        settings: Settings,
        bare: Bare,
        set: Option<ReplicaSet>,
        folder: TempDir,
    ) -> Result<Self> {
        let start_up = start_up::measure(&binary()?, &settings)?;
        let subject = Subject::start(&settings).await?;
        tokio::time::sleep(REST).await;
        let (anonymous, file) = memory::parts(subject.pid())?;
        let at_rest = AtRest { resident: memory::resident(subject.pid())?, anonymous, file };
        for seed in &SEEDS {
            let case = Case::new(seed.status, seed.request);
            subject.ask_each(case, seed.times, args.connections.min(16)).await.context("seed of the service")?;
        }
        Ok(Self { store, start_up, at_rest, subject, bare, set, _folder: folder })
    }

    /// The memory of the service, in MiB.
    pub(crate) fn memory(&self) -> Result<f64> {
        memory::resident(self.subject.pid())
    }

    /// Who does an operation: the service, and the bare driver in each of its ways.
    pub(crate) fn contenders(&self, operation: &Operation, args: &Args) -> Vec<Contender> {
        let store = self.set.as_ref().map(ReplicaSet::pids).unwrap_or_default();
        let connections = operation.connections.unwrap_or(args.connections);
        let mut contenders = vec![self.subject.contender("service", connections, &store, operation.case())];
        match &self.bare {
            Bare::Mongo(bare) => contenders.extend(
                operation.mongodb.iter().map(|way| bare.contender(way.name, operation.kind, args.connections, &store)),
            ),
            Bare::Sqlite(bare) => contenders
                .extend(operation.embedded.iter().map(|way| bare.contender(way.name, operation.kind, way.per_commit))),
        }
        contenders
    }

    /// What the primary logs of each item that a contender writes, if there is a primary.
    pub(crate) async fn logged(&self, contender: &Contender) -> Result<Option<f64>> {
        match &self.set {
            Some(set) => oplog::per_item(&set.client().await?, contender).await,
            None => Ok(None),
        }
    }

    /// What the service has stored, if it is in MongoDB.
    pub(crate) async fn weigh(&self) -> Result<Vec<Weight>> {
        match &self.set {
            Some(set) => storage::weigh(&set.client().await?, DATABASE).await,
            None => Ok(Vec::new()),
        }
    }
}
