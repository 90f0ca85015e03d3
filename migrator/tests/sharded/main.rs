//! The built migrator on a real sharded cluster.

#[path = "../runner/aging.rs"]
mod aging;
mod applying;
mod declaring;
mod moving;
#[path = "../runner/runner.rs"]
mod runner;
mod writers;
