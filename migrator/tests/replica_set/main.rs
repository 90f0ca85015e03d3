//! The built migrator on a real replica set.

mod advising;
#[path = "../runner/aging.rs"]
mod aging;
mod applying;
mod approving;
mod declaring;
mod drift;
mod interrupted;
mod plan_files;
mod refusals;
mod retention;
#[path = "../runner/runner.rs"]
mod runner;
mod summarising;
mod target;
