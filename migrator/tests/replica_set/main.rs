//! The built migrator on a real replica set.

mod advising;
mod applying;
mod drift;
mod interrupted;
mod plan_files;
mod refusals;
#[path = "../runner/runner.rs"]
mod runner;
mod target;
