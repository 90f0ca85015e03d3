//! Audits a load test: `conversation-auditor LEDGER… --url http://…`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser as _;
use conversation_auditor::{Args, audit};

/// The exit status when something was found.
const FOUND: u8 = 1;
/// The exit status when the audit could not be made.
const NOT_MADE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FOUND),
        Err(cause) => {
            let _ = writeln!(io::stderr(), "conversation-auditor: {cause:#}");
            ExitCode::from(NOT_MADE)
        }
    }
}

async fn run(args: &Args) -> Result<bool> {
    let report = audit(args).await?;
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
    writeln!(io::stdout(), "{}", text.trim_end())?;
    Ok(report.is_clean())
}
