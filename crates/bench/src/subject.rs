//! The built service as it is measured: a process of its own, asked over HTTP.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, ensure};
use conversation_testkit::Service;

use crate::args::Args;
use crate::contest::{Contender, Work};
use crate::http::Request;
use crate::load::{self, Case, Limit, Load};

/// Its settings, as variables.
pub(crate) type Settings = Vec<(String, OsString)>;

/// A running service.
#[derive(Debug)]
pub(crate) struct Subject {
    service: Service,
    address: SocketAddr,
    numbers: Arc<AtomicU64>,
}

impl Subject {
    /// Starts it.
    pub(crate) async fn start(settings: &Settings) -> Result<Self> {
        let builder = Service::builder(binary()?);
        let builder = settings.iter().fold(builder, |builder, (name, value)| builder.env(name, value));
        let service = builder.start().await?;
        let url = service.url("");
        let address = url.trim_start_matches("http://").parse().context("address of the service")?;
        Ok(Self { service, address, numbers: Arc::default() })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.service.pid()
    }

    /// It, asked on so many connections, with the processes of its store.
    pub(crate) fn contender(&self, name: &str, connections: u32, store: &[u32], case: Case) -> Contender {
        let (address, numbers) = (self.address, Arc::clone(&self.numbers));
        let work: Work = Box::new(move |time| {
            let (case, numbers) = (case.clone(), Arc::clone(&numbers));
            Box::pin(Load { address, connections, case, numbers, limit: Limit::For(time) }.run())
        });
        Contender { name: name.to_owned(), tasks: connections, pid: self.pid(), store: store.to_vec(), work }
    }

    /// Asks for the numbers from 0 up to this one, each once.
    pub(crate) async fn ask_each(&self, case: Case, times: u64, connections: u32) -> Result<()> {
        let (address, limit) = (self.address, Limit::Times(times));
        let asked = Load { address, connections, case, numbers: Arc::default(), limit }.run().await?.items();
        ensure!(asked == times, "{asked} of {times} requests were answered");
        Ok(())
    }

    /// The body of one answer.
    pub(crate) async fn ask(&self, request: &Request) -> Result<String> {
        load::ask(self.address, request).await
    }
}

/// The settings for a MongoDB database, with those that were asked for.
pub(crate) fn on_mongodb(uri: &str, database: &str, args: &Args) -> Settings {
    let settings = [("AUTO_MIGRATE", "true"), ("MONGODB_URI", uri), ("MONGODB_DATABASE", database)];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.into()));
    settings.into_iter().chain(args.settings.iter().map(|(name, value)| (name.clone(), value.into()))).collect()
}

/// The release build of the service: it lies beside the one of the benchmark.
pub(crate) fn binary() -> Result<PathBuf> {
    let binary = std::env::current_exe().context("path of the benchmark")?.with_file_name("conversation-api");
    ensure!(binary.is_file(), "{} is missing: run `cargo xtask bench`, which builds it", binary.display());
    Ok(binary)
}
