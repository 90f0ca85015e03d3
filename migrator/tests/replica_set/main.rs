//! The built migrator on a real replica set.

mod applying;
mod drift;
mod interrupted;
mod plan_files;
mod refusals;
mod runner;
