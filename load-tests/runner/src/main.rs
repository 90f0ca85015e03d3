//! `cargo xtask load`: one profile, its fault, its audit.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser as _;
use conversation_load::{Args, Binaries, Load, run, save};

/// The exit status when a threshold was missed or the auditor found something.
const FAILED: u8 = 1;
/// The exit status when the run could not be made.
const NOT_MADE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match load(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(cause) => {
            let _ = writeln!(io::stderr(), "conversation-load: {cause:#}");
            ExitCode::from(NOT_MADE)
        }
    }
}

async fn load(args: &Args) -> Result<bool> {
    let load = Load::asked_for(args)?;
    let outcome = run(&load, &Binaries::beside_this_one()?).await?;
    writeln!(io::stdout(), "{outcome}")?;
    if args.save {
        for path in save(&outcome)? {
            writeln!(io::stderr(), "saved as {}", path.display())?;
        }
    }
    Ok(outcome.passed())
}
