//! Every operation of the table on every store, each by the service beside the bare driver.

use anyhow::{Context, Result};

use crate::args::{Args, StoreKind};
use crate::contest::Measured;
use crate::operations::Operation;
use crate::results::Results;
use crate::stand::{AtRest, Stand};
use crate::start_up::StartUp;
use crate::storage::Weight;

/// A store's results.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Which store.
    pub(crate) store: StoreKind,
    /// How long the service took to start.
    pub(crate) start_up: StartUp,
    /// Its memory before the first request.
    pub(crate) at_rest: AtRest,
    /// Its memory after the last one, in MiB.
    pub(crate) memory_after: f64,
    /// What was measured.
    pub(crate) operations: Vec<Measured>,
    /// What the stored documents weigh; only of MongoDB.
    pub(crate) weights: Vec<Weight>,
}

impl Outcome {
    /// The most memory that the service had in any round, in MiB.
    pub(crate) fn peak(&self) -> f64 {
        self.operations.iter().map(|measured| measured.service.peak).fold(0.0, f64::max)
    }
}

/// Measures all that was asked for.
pub(crate) async fn run(args: &Args) -> Result<Results> {
    let mut results = Results::default();
    for store in args.store.each() {
        eprintln!("{}: start-up", store.name());
        let stand = Stand::on(store, args).await?;
        results.stores.push(on(&stand, args).await?);
    }
    Ok(results)
}

async fn on(stand: &Stand, args: &Args) -> Result<Outcome> {
    let mut operations = Vec::new();
    for operation in args.operations() {
        eprintln!("{}: {}", stand.store.name(), operation.name);
        let measured = measure(stand, args, operation).await;
        operations.push(measured.with_context(|| format!("{}: {}", stand.store.name(), operation.name))?);
    }
    let (memory_after, weights) = (stand.memory()?, stand.weigh().await?);
    let Stand { store, start_up, at_rest, .. } = *stand;
    Ok(Outcome { store, start_up, at_rest, memory_after, operations, weights })
}

async fn measure(stand: &Stand, args: &Args, operation: &Operation) -> Result<Measured> {
    let contenders = stand.contenders(operation, args);
    let mut measured = Measured::beside(operation.name, &contenders, args.pace()).await?;
    if let (true, Some(service)) = (operation.writes(), contenders.first()) {
        measured.oplog = stand.logged(service).await?;
    }
    Ok(measured)
}
