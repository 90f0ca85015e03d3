//! The results as JSON, for programs: what they mean and that they stay is told in `load-tests/results/README.md`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::{Args, StoreKind};
use crate::contest::{Measured, Turns};
use crate::machine::Machine;
use crate::report;
use crate::results::Results;
use crate::round::Round;
use crate::series::{Point, Series};
use crate::storage::Weight;
use crate::suite::Outcome;
use crate::targets::{TARGETS, Target};

/// Grows when a member is removed or means something else; new ones may come at any time.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct File<'r> {
    schema: u32,
    kind: &'static str,
    machine: MachineView<'r>,
    run: RunView<'r>,
    targets: Vec<TargetView>,
    stores: Vec<StoreView<'r>>,
    series: Vec<SeriesView<'r>>,
    failures: &'r [String],
}

#[derive(Serialize)]
struct MachineView<'r> {
    date: &'r str,
    commit: &'r str,
    built: &'r str,
    processor: &'r str,
    memory_gib: f64,
    load_average: &'r str,
    flush_ms: f64,
    versions: &'r str,
}

#[derive(Serialize)]
struct RunView<'r> {
    command: String,
    seconds: f64,
    rounds: u32,
    connections: u32,
    members: u32,
    settings: BTreeMap<&'r str, &'r str>,
}

#[derive(Serialize)]
struct TargetView {
    target: &'static str,
    bound: String,
    reached: Option<f64>,
    met: Option<bool>,
}

#[derive(Serialize)]
struct StoreView<'r> {
    store: &'static str,
    start_up_ms: f64,
    memory_at_rest_mib: f64,
    memory_peak_mib: f64,
    memory_after_mib: f64,
    operations: Vec<OperationView<'r>>,
    collections: Vec<CollectionView<'r>>,
}

#[derive(Serialize)]
struct OperationView<'r> {
    operation: &'r str,
    service: TurnsView<'r>,
    bare: Vec<TurnsView<'r>>,
    oplog_bytes: Option<f64>,
}

#[derive(Serialize)]
struct TurnsView<'r> {
    by: &'r str,
    tasks: u32,
    per_second: f64,
    per_second_lowest: f64,
    per_second_highest: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_s_per_10k: f64,
    mongod_cpu_s_per_10k: f64,
    load_generator_cpu_s_per_10k: f64,
    other_processors: f64,
    memory_peak_mib: f64,
}

#[derive(Serialize)]
struct CollectionView<'r> {
    collection: &'r str,
    documents: f64,
    bson_bytes_each: f64,
    disk_bytes_each: f64,
    index_bytes_each: BTreeMap<&'r str, f64>,
}

#[derive(Serialize)]
struct SeriesView<'r> {
    series: &'r str,
    unit: &'r str,
    knee_of_cpu: Option<u64>,
    knee_of_time: Option<u64>,
    points: Vec<PointView<'r>>,
}

#[derive(Serialize)]
struct PointView<'r> {
    at: u64,
    measured: OperationView<'r>,
    figures: BTreeMap<&'r str, f64>,
    collections: Vec<CollectionView<'r>>,
}

/// The whole file.
pub(crate) fn render(machine: &Machine, args: &Args, results: &Results) -> Result<String> {
    let Machine { date, commit, built, processor, memory, load, flush, versions } = machine;
    let Args { mode: _, seconds, rounds, connections, store: _, members, only: _, settings, save: _ } = args;
    let Results { stores, series, failures } = results;
    let file = File {
        schema: SCHEMA,
        kind: args.kind(),
        machine: MachineView {
            date,
            commit,
            built,
            processor,
            memory_gib: *memory,
            load_average: load,
            flush_ms: *flush,
            versions,
        },
        run: RunView {
            command: report::command(),
            seconds: *seconds,
            rounds: *rounds,
            connections: *connections,
            members: *members,
            settings: settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        },
        targets: TARGETS.iter().map(|target| target_view(target, results)).collect(),
        stores: stores.iter().map(store_view).collect(),
        series: series.iter().map(series_view).collect(),
        failures,
    };
    serde_json::to_string_pretty(&file).map(|text| text + "\n").context("results as JSON")
}

fn target_view(target: &Target, results: &Results) -> TargetView {
    let reached = target.figure(results);
    let met = reached.and_then(|figure| target.bound.is_met(figure));
    TargetView { target: target.name, bound: target.bound.text(), reached: reached.map(rounded), met }
}

fn store_view(outcome: &Outcome) -> StoreView<'_> {
    let Outcome { store, start_up, at_rest, memory_after, operations, weights } = outcome;
    StoreView {
        store: match store {
            StoreKind::Mongodb => "mongodb",
            StoreKind::Embedded => "embedded",
        },
        start_up_ms: rounded(start_up.median),
        memory_at_rest_mib: rounded(at_rest.resident),
        memory_peak_mib: rounded(outcome.peak()),
        memory_after_mib: rounded(*memory_after),
        operations: operations.iter().map(operation_view).collect(),
        collections: weights.iter().map(collection_view).collect(),
    }
}

fn operation_view(measured: &Measured) -> OperationView<'_> {
    let Measured { operation, service, bare, oplog } = measured;
    OperationView {
        operation,
        service: turns_view(service),
        bare: bare.iter().map(turns_view).collect(),
        oplog_bytes: oplog.map(rounded),
    }
}

fn turns_view(turns: &Turns) -> TurnsView<'_> {
    let Turns { name, tasks, rounds, peak } = turns;
    let Round { per_second, p50, p99, process, store, bench, others } = turns.median();
    let rates = || rounds.iter().map(|round| round.per_second);
    TurnsView {
        by: name,
        tasks: *tasks,
        per_second: rounded(per_second),
        per_second_lowest: rounded(rates().fold(f64::INFINITY, f64::min)),
        per_second_highest: rounded(rates().fold(0.0, f64::max)),
        p50_ms: rounded(p50),
        p99_ms: rounded(p99),
        cpu_s_per_10k: rounded(process),
        mongod_cpu_s_per_10k: rounded(store),
        load_generator_cpu_s_per_10k: rounded(bench),
        other_processors: rounded(others),
        memory_peak_mib: rounded(*peak),
    }
}

fn collection_view(weight: &Weight) -> CollectionView<'_> {
    let Weight { collection, documents, bson, disk, indexes } = weight;
    let each = |bytes: &f64| rounded(weight.each(*bytes));
    CollectionView {
        collection,
        documents: *documents,
        bson_bytes_each: each(bson),
        disk_bytes_each: each(disk),
        index_bytes_each: indexes.iter().map(|(name, bytes)| (name.as_str(), each(bytes))).collect(),
    }
}

fn series_view(series: &Series) -> SeriesView<'_> {
    let Series { name, unit, how: _, points } = series;
    SeriesView {
        series: name,
        unit,
        knee_of_cpu: series.knee_of_cost(),
        knee_of_time: series.knee_of_time(),
        points: points.iter().map(point_view).collect(),
    }
}

fn point_view(point: &Point) -> PointView<'_> {
    let Point { at, measured, figures, weights } = point;
    PointView {
        at: *at,
        measured: operation_view(measured),
        figures: figures.iter().map(|(name, value)| (*name, rounded(*value))).collect(),
        collections: weights.iter().map(collection_view).collect(),
    }
}

/// Further digits are noise.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests;
