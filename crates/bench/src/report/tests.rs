//! The report of made-up figures.

use clap::Parser as _;

use super::{grouped, render};
use crate::args::{Args, StoreKind};
use crate::contest::{Measured, Turns};
use crate::machine;
use crate::operations::OPERATIONS;
use crate::results::Results;
use crate::round::Round;
use crate::series::tests::series;
use crate::stand::AtRest;
use crate::start_up::StartUp;
use crate::storage::Weight;
use crate::suite::Outcome;

/// Appends by the service and by the bare driver at these rates.
pub(crate) fn results(service: f64, bare: f64) -> Results {
    let round =
        |per_second| Round { per_second, p50: 1.0, p99: 2.5, process: 0.3, store: 0.4, bench: 0.2, others: 0.125 };
    let turns = |name: &str, rate| Turns { name: name.into(), tasks: 64, rounds: vec![round(rate); 3], peak: 33.3 };
    let measured = Measured {
        operation: OPERATIONS[1].name.into(),
        service: turns("service", service),
        bare: vec![turns("insert one", bare)],
        oplog: Some(512.4),
    };
    let indexes = vec![("_id_".into(), 500.0), ("timeline".into(), 1_000.0)];
    let outcome = Outcome {
        weights: vec![Weight { collection: "events", documents: 10.0, bson: 3_000.0, disk: 1_000.0, indexes }],
        store: StoreKind::Mongodb,
        start_up: StartUp { first: 90.0, median: 40.4 },
        at_rest: AtRest { resident: 20.0, anonymous: 8.0, file: 12.0 },
        memory_after: 24.0,
        operations: vec![measured],
    };
    Results { stores: vec![outcome], ..Results::default() }
}

#[test]
fn the_table_has_the_service_and_the_bare_driver_beside_it() {
    let args = Args::parse_from(["bench", "--rounds", "3"]);
    let report = render(&machine::tests::made_up(), &args, &results(20_700.0, 6_345.0));
    for expected in [
        "| append, 64 connections ÷ insert one | ≥ 3 | 3.26 | met |\n",
        "| append, 64 connections: p99 ÷ that of insert one | < 1 | 1.00 | **missed** |\n",
        "| **append** | service | 20,700 (20,700–20,700) | 1.00 / 2.50 | 0.30 | 0.40 | 0.20 | 33.3 | |\n",
        "| | insert one | 6,345 (6,345–6,345) | 1.00 / 2.50 | 0.30 | 0.40 | | | 3.26 |\n",
        "Commit abc1234, service built 2026-11-20T19:00:00.000Z; Abacus, 2 cores, 23 GiB;",
        "40 ms to \"listening\"",
        "20.0 MiB at rest (8.0 of its own, 12.0 of files), 33.3 MiB at most",
        "Oplog, in bytes for each: append 512.\n",
        "kept 0.12 processors busy in the median round",
    ] {
        assert!(report.contains(expected), "{expected}\nis not in\n{report}");
    }
}

#[test]
fn a_series_has_its_own_columns_and_its_knees() {
    let args = Args::parse_from(["bench", "growth"]);
    let mut grown = series("made up", &[(10_000, 1000.0, 0.5), (100_000, 900.0, 1.0)]);
    grown.points.iter_mut().for_each(|point| point.figures.push(("MB/s", 3.5)));
    let failures = vec!["append by shards: no port".to_owned()];
    let report =
        render(&machine::tests::made_up(), &args, &Results { series: vec![grown], failures, ..Results::default() });
    for expected in [
        "# Growth of 2026-11-20",
        "| mongod | both | oplog bytes | MB/s | service ÷ bare |\n",
        "| **100,000** | service | 900 (900–900) | 0.0000 / 0.0000 | 1.00 | 0.50 | 1.50 |  | 3.50 | |\n",
        "## Not measured\n\n- append by shards: no port\n",
        "Knee: the processor time of an item leaves its level at 100,000 events; \
         the time that it takes, at full load, keeps its level throughout.\n",
    ] {
        assert!(report.contains(expected), "{expected}\nis not in\n{report}");
    }
}

#[test]
fn thousands_are_set_apart() {
    assert_eq!([7.4, 999.6, 1_234_567.0].map(grouped), ["7", "1,000", "1,234,567"]);
}
