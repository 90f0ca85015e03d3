//! Measures the service and, in the same run, the bare drivers under it: rates, latencies, processor time, memory, and how
//! all of it changes with size.
#![expect(clippy::print_stdout, reason = "the report goes to the standard output")]

mod args;
mod bare_mongo;
mod bare_sqlite;
mod contest;
mod cpu;
mod growth;
mod http;
mod json;
mod knee;
mod load;
mod machine;
mod memory;
mod operations;
mod oplog;
mod payload;
mod report;
mod results;
mod round;
mod sample;
mod series;
mod stand;
mod start_up;
mod storage;
mod subject;
mod suite;
mod targets;
mod tasks;

use anyhow::{Result, ensure};
use clap::Parser;

use args::{Args, Mode};
use machine::Machine;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(!cfg!(debug_assertions), "a debug build measures nothing: run `cargo xtask bench`");
    let machine = Machine::observe(&subject::binary()?)?;
    let results = match &args.mode {
        None => suite::run(&args).await?,
        Some(Mode::Growth(growth)) => growth::run(&args, growth).await,
    };
    let report = report::render(&machine, &args, &results);
    println!("{report}");
    if args.save {
        let json = json::render(&machine, &args, &results)?;
        let saved = results::save(&results::folder(), args.kind(), &machine, &report, &json)?;
        eprintln!("saved as {}, and as JSON beside it", saved.display());
    }
    ensure!(results.failures.is_empty(), "not all could be measured: {}", results.failures.join("; "));
    Ok(())
}
