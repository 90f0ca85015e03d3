//! What stands on the test bench: the service with its store, and beside it the bare driver on a database of its own.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conversation_testkit::{ReplicaSet, Service};
use tempfile::TempDir;

use crate::args::{Args, StoreKind};
use crate::bare_mongo::BareMongo;
use crate::bare_sqlite::BareSqlite;
use crate::load::{Limit, Load};
use crate::memory;
use crate::operations::{Baseline, Kind, Operation, SEEDS};
use crate::sample::Sample;
use crate::start_up::{self, StartUp};
use crate::storage::{self, Weight};

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
    service: Service,
    address: SocketAddr,
    bare: Bare,
    numbers: Arc<AtomicU64>,
    set: Option<ReplicaSet>,
    _folder: TempDir,
}

impl Stand {
    /// What the service has stored, if it is in MongoDB.
    pub(crate) async fn weigh(&self) -> Result<Vec<Weight>> {
        match &self.set {
            Some(set) => storage::weigh(set, DATABASE).await,
            None => Ok(Vec::new()),
        }
    }

    /// The service on a replica set.
    pub(crate) async fn mongodb(args: &Args) -> Result<Self> {
        let set = ReplicaSet::start(args.members as usize).await.context("replica set")?;
        let settings = vec![
            ("AUTO_MIGRATE".to_owned(), "true".into()),
            ("MONGODB_URI".to_owned(), set.uri().into()),
            ("MONGODB_DATABASE".to_owned(), DATABASE.into()),
        ];
        let bare = Bare::Mongo(BareMongo::prepare(set.uri()).await?);
        Self::with(StoreKind::Mongodb, args, settings, bare, Some(set), folder()?).await
    }

    /// The service on files of its own.
    pub(crate) async fn embedded(args: &Args) -> Result<Self> {
        let folder = folder()?;
        let settings = vec![("DATA_DIR".to_owned(), folder.path().join("service").into())];
        let bare = Bare::Sqlite(BareSqlite::prepare(&folder.path().join("bare"))?);
        Self::with(StoreKind::Embedded, args, settings, bare, None, folder).await
    }

    async fn with(
        store: StoreKind,
        args: &Args,
        mut settings: Vec<(String, OsString)>,
        bare: Bare,
        set: Option<ReplicaSet>,
        folder: TempDir,
    ) -> Result<Self> {
        settings.extend(args.settings.iter().map(|(name, value)| (name.clone(), value.into())));
        let binary = binary()?;
        let start_up = start_up::measure(&binary, &settings)?;
        let builder = settings.iter().fold(Service::builder(binary), |builder, (name, value)| builder.env(name, value));
        let service = builder.start().await?;
        tokio::time::sleep(REST).await;
        let (anonymous, file) = memory::parts(service.pid())?;
        let at_rest = AtRest { resident: memory::resident(service.pid())?, anonymous, file };
        let url = service.url("");
        let address = url.trim_start_matches("http://").parse().context("address of the service")?;
        let numbers = Arc::new(AtomicU64::new(0));
        let stand = Self { store, start_up, at_rest, service, address, bare, numbers, set, _folder: folder };
        stand.seed(args).await.context("seed of the service")?;
        Ok(stand)
    }

    /// The process of the service.
    pub(crate) fn service_pid(&self) -> u32 {
        self.service.pid()
    }

    /// The processes of its store, if that has any.
    pub(crate) fn store_pids(&self) -> Vec<u32> {
        self.set.as_ref().map(ReplicaSet::pids).unwrap_or_default()
    }

    /// What the bare driver does beside an operation.
    pub(crate) fn baselines(&self, operation: &Operation) -> &'static [Baseline] {
        match self.store {
            StoreKind::Mongodb => operation.mongodb,
            StoreKind::Embedded => operation.embedded,
        }
    }

    /// One round of an operation by the service.
    pub(crate) async fn ask_service(&self, operation: &Operation, connections: u32, time: Duration) -> Result<Sample> {
        let Operation { status, items, request, .. } = *operation;
        let (address, numbers, limit) = (self.address, Arc::clone(&self.numbers), Limit::For(time));
        Load { address, connections, request, numbers, status, items, limit }.run().await
    }

    /// One round of it by the bare driver.
    pub(crate) async fn ask_bare(&self, kind: Kind, baseline: &Baseline, tasks: u32, time: Duration) -> Result<Sample> {
        match &self.bare {
            Bare::Mongo(bare) => bare.run(kind, tasks, time).await,
            Bare::Sqlite(bare) => bare.run(kind, baseline.per_commit, time).await,
        }
    }

    async fn seed(&self, args: &Args) -> Result<()> {
        for seed in &SEEDS {
            let (request, status, limit) = (seed.request, seed.status, Limit::Times(seed.times));
            let (address, connections, numbers) = (self.address, args.connections.min(16), Arc::default());
            let load = Load { address, connections, request, numbers, status, items: 1, limit };
            let stored = load.run().await?.items();
            ensure!(stored == seed.times, "{stored} of {} seeds were stored", seed.times);
        }
        Ok(())
    }
}

/// The release build of the service: it lies beside the one of the benchmark.
pub(crate) fn binary() -> Result<PathBuf> {
    let binary = std::env::current_exe().context("path of the benchmark")?.with_file_name("conversation-api");
    ensure!(binary.is_file(), "{} is missing: run `cargo xtask bench`, which builds it", binary.display());
    Ok(binary)
}

fn folder() -> Result<TempDir> {
    tempfile::Builder::new().prefix("bench-").tempdir().context("temporary directory")
}
