//! The report of made-up figures.

use clap::Parser as _;

use super::{grouped, render, save};
use crate::args::{Args, StoreKind};
use crate::contest::{Measured, Outcome};
use crate::machine::Machine;
use crate::operations::OPERATIONS;
use crate::round::Round;
use crate::stand::AtRest;
use crate::start_up::StartUp;

fn machine() -> Machine {
    Machine {
        date: "2026-11-20".into(),
        commit: "abc1234".into(),
        built: "2026-11-20T19:00:00.000Z".into(),
        processor: "Abacus, 2 cores".into(),
        memory: 23.4,
        load: "0.10".into(),
        flush: 0.142,
        versions: "mongod 6.0.5, SQLite 3.54.1".into(),
    }
}

fn outcome(service: f64, bare: f64) -> Outcome {
    let round =
        |per_second| Round { per_second, p50: 1.0, p99: 2.5, process: 0.3, store: 0.4, bench: 0.2, others: 0.125 };
    let operation = &OPERATIONS[1];
    let bare = vec![(operation.mongodb[0], vec![round(bare); 3])];
    Outcome {
        weights: Vec::new(),
        store: StoreKind::Mongodb,
        start_up: StartUp { first: 90.0, median: 40.4 },
        at_rest: AtRest { resident: 20.0, anonymous: 8.0, file: 12.0 },
        memory_after: 24.0,
        operations: vec![Measured { operation, service: vec![round(service); 3], peak: 33.3, bare }],
    }
}

#[test]
fn the_table_has_the_service_and_the_bare_driver_beside_it() {
    let args = Args::parse_from(["bench", "--rounds", "3"]);
    let report = render(&machine(), &args, &[outcome(20_700.0, 6_345.0)]);
    for expected in [
        "| **append** | service | 20,700 (20,700–20,700) | 1.00 / 2.50 | 0.30 | 0.40 | 0.20 | 33.3 | |\n",
        "| | insert one | 6,345 (6,345–6,345) | 1.00 / 2.50 | 0.30 | 0.40 | | | 3.26 (≥ 3 met) |\n",
        "Commit abc1234, service built 2026-11-20T19:00:00.000Z; Abacus, 2 cores, 23 GiB;",
        "40 ms to \"listening\"",
        "20.0 MiB at rest (8.0 of its own, 12.0 of files), 33.3 MiB at most",
        "kept 0.12 processors busy in the median round",
    ] {
        assert!(report.contains(expected), "{expected}\nis not in\n{report}");
    }
    let report = render(&machine(), &args, &[outcome(6_000.0, 6_345.0)]);
    assert!(report.contains("0.95 (≥ 3 **missed**)"), "{report}");
}

#[test]
fn thousands_are_set_apart() {
    assert_eq!([7.4, 999.6, 1_234_567.0].map(grouped), ["7", "1,000", "1,234,567"]);
}

#[test]
fn a_report_is_kept_under_its_day_and_commit() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = save(&folder.path().join("new"), &machine(), "text")?;
    assert!(path.ends_with("new/bench-2026-11-20-abc1234.md"));
    assert_eq!(std::fs::read_to_string(path)?, "text");
    Ok(())
}
