//! The order of events: every operation in rounds in which the service and the bare driver take turns, so that the noise
//! of the machine hits both.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::args::{Args, StoreKind};
use crate::memory;
use crate::operations::{Baseline, Operation};
use crate::round::Round;
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

/// The rounds of an operation.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Which operation.
    pub(crate) operation: &'static Operation,
    /// By the service.
    pub(crate) service: Vec<Round>,
    /// The most memory that the service had meanwhile, in MiB.
    pub(crate) peak: f64,
    /// By the bare driver, in each of its ways.
    pub(crate) bare: Vec<(Baseline, Vec<Round>)>,
}

/// Measures all operations that were asked for.
pub(crate) async fn run(stand: &Stand, args: &Args) -> Result<Outcome> {
    let mut operations = Vec::new();
    for operation in args.operations() {
        eprintln!("{}: {}", stand.store.name(), operation.name);
        let measured = measure(stand, args, operation).await;
        operations.push(measured.with_context(|| format!("{}: {}", stand.store.name(), operation.name))?);
    }
    let memory_after = memory::resident(stand.service_pid())?;
    let (start_up, at_rest) = (stand.start_up, stand.at_rest);
    let weights = stand.weigh().await?;
    Ok(Outcome { store: stand.store, start_up, at_rest, memory_after, operations, weights })
}

async fn measure(stand: &Stand, args: &Args, operation: &'static Operation) -> Result<Measured> {
    let mut bare: Vec<(Baseline, Vec<Round>)> =
        stand.baselines(operation).iter().map(|baseline| (*baseline, Vec::new())).collect();
    let (mut service, mut peak) = (Vec::new(), 0.0_f64);
    // The first round of each warms caches and connections up, and is thrown away.
    for round in 0..=args.rounds {
        let time = if round == 0 { args.round() / 4 } else { args.round() };
        let (measured, most) = memory::peak(stand.service_pid(), by_service(stand, args, operation, time)).await?;
        let measured = measured?;
        peak = peak.max(most);
        if round > 0 {
            service.push(measured);
        }
        for (baseline, rounds) in &mut bare {
            let measured = by_bare(stand, args, operation, baseline, time).await?;
            if round > 0 {
                rounds.push(measured);
            }
        }
    }
    Ok(Measured { operation, service, peak, bare })
}

async fn by_service(stand: &Stand, args: &Args, operation: &Operation, time: Duration) -> Result<Round> {
    let work = stand.ask_service(operation, args.connections, time);
    Round::measure(stand.service_pid(), &stand.store_pids(), work).await
}

async fn by_bare(
    stand: &Stand,
    args: &Args,
    operation: &Operation,
    baseline: &Baseline,
    time: Duration,
) -> Result<Round> {
    let work = stand.ask_bare(operation.kind, baseline, args.connections, time);
    Round::measure(std::process::id(), &stand.store_pids(), work).await
}
