//! The built migrator on a real sharded cluster.

mod applying;
mod moving;
#[path = "../runner/runner.rs"]
mod runner;
mod writers;
