//! The operator as a process.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use conversation_operator::{config::Config, run};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// As `EX_CONFIG` of sysexits.
const BAD_SETTING: u8 = 78;

fn main() -> ExitCode {
    let config = Config::parse();
    let Ok(filter) = EnvFilter::try_new(&config.log_level) else {
        eprintln!("LOG_LEVEL is {:?}: give a level, or directives such as info,hyper=debug", config.log_level);
        return BAD_SETTING.into();
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_format == "json" {
        logs.json().flatten_event(true).init()
    } else {
        logs.init()
    }
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended by an error");
            ExitCode::FAILURE
        }
    }
}

fn start(config: Config) -> Result<()> {
    // Fails only when there is one already, and then that is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut term = signal(SignalKind::terminate()).context("SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("told to end");
            stopped.cancel();
        });
        run::run(config, stop).await
    })
}
