//! Measures the service and, in the same run, the bare drivers under it: rates, latencies, processor time, memory.
#![expect(clippy::print_stdout, reason = "the report goes to the standard output")]

mod args;
mod bare_mongo;
mod bare_sqlite;
mod contest;
mod cpu;
mod http;
mod load;
mod machine;
mod memory;
mod operations;
mod report;
mod round;
mod sample;
mod stand;
mod start_up;
mod storage;

use anyhow::{Result, ensure};
use clap::Parser;

use args::{Args, StoreKind};
use machine::Machine;
use stand::Stand;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(!cfg!(debug_assertions), "a debug build measures nothing: run `cargo xtask bench`");
    let machine = Machine::observe(&stand::binary()?)?;
    let mut results = Vec::new();
    for store in args.store.each() {
        eprintln!("{}: start-up", store.name());
        let stand = match store {
            StoreKind::Mongodb => Stand::mongodb(&args).await?,
            StoreKind::Embedded => Stand::embedded(&args).await?,
        };
        results.push(contest::run(&stand, &args).await?);
    }
    let report = report::render(&machine, &args, &results);
    println!("{report}");
    if args.save {
        eprintln!("saved as {}", report::save(&report::results_folder(), &machine, &report)?.display());
    }
    Ok(())
}
