//! The real service over a store with a fault built in, so that tests can show that the auditor finds it. Never shipped.

mod append;
mod config;
mod pages;
mod store;
mod write_behind;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use conversation_api::{
    app,
    config::{Config, Request},
    telemetry::logs,
};
use conversation_core::Store;

use store::Sabotaged;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            let _ = writeln!(io::stderr(), "conversation-sabotaged: {cause:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<()> {
    let Request::Serve(config) = Request::read()? else { bail!("it only serves") };
    logs::begin(config.log_format, &config.log_filter)?;
    app::run_over(config, open, app::termination()?).await
}

async fn open(config: &Config) -> Result<Arc<dyn Store>> {
    let fault = config::fault()?;
    let inner = app::open_store(config).await?;
    let documents = config::documents().await.context("the database beside the store")?;
    Ok(Arc::new(Sabotaged::new(inner, fault, documents)))
}
