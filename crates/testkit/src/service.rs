//! The built API as users run it: a process with settings in its environment and ports of its own.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::replica_set::{ReplicaSet, unique_database};
use crate::wait::until;
use crate::watchdog;

/// A first start creates files or indexes and may wait for an election.
const START: Duration = Duration::from_secs(120);

/// How to run the API; one builder may start several processes on the same settings.
#[derive(Clone, Debug)]
pub struct ServiceBuilder {
    binary: PathBuf,
    arguments: Vec<OsString>,
    settings: BTreeMap<OsString, OsString>,
}

impl ServiceBuilder {
    /// Adds a command-line argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets an environment variable, replacing the default of the same name.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.settings.insert(name, value);
        self
    }

    /// Where the embedded store keeps its files: `DATA_DIR`.
    #[must_use]
    pub fn data_dir(self, path: impl AsRef<Path>) -> Self {
        self.env("DATA_DIR", path.as_ref())
    }

    /// On a replica set, in an empty database of its own, with so much patience that no deadline passes on a busy machine.
    #[must_use]
    pub fn on_mongodb(self, set: &ReplicaSet) -> Self {
        self.env("AUTO_MIGRATE", "true")
            .env("MONGODB_URI", set.uri())
            .env("MONGODB_DATABASE", unique_database())
            .env("MONGODB_OPERATION_TIMEOUT", "60s")
            .env("MONGODB_SERVER_SELECTION_TIMEOUT", "20s")
            .env("REQUEST_TIMEOUT", "120s")
    }

    /// Starts the API and waits until it listens; if it ends instead, the error carries its log.
    pub async fn start(&self) -> Result<Service> {
        let (process, directory) = self.spawn()?;
        let listening = until(START, "the API to listen", async || match process.exit_status() {
            Ok(None) => listening(&process.log()).map(Ok),
            Ok(Some(status)) => Some(Err(status.to_string())),
            Err(error) => Some(Err(error.to_string())),
        })
        .await
        .with_context(|| format!("log of the API:\n{}", process.log()))?;
        let (address, management_address) = match listening {
            Ok(addresses) => addresses,
            Err(status) => bail!("the API ended before listening ({status}):\n{}", process.log()),
        };
        Ok(Service { process, address, management_address, _directory: directory })
    }

    /// Runs the API to its end, for starts that must fail; returns its status and its log.
    pub async fn run_to_exit(&self, deadline: Duration) -> Result<(ExitStatus, String)> {
        let (process, _directory) = self.spawn()?;
        let status = process.wait(deadline).await;
        let status = status.with_context(|| format!("log of the API:\n{}", process.log()))?;
        Ok((status, process.log()))
    }

    fn spawn(&self) -> Result<(Process, TempDir)> {
        let directory = tempfile::Builder::new().prefix("testkit-service-").tempdir().context("temporary directory")?;
        watchdog::remove(directory.path())?;
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).env_clear();
        // A setting that the developer's shell happens to export must not reach the service.
        for name in ["PATH", "HOME"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("PORT", "0")
            .env("MANAGEMENT_PORT", "0")
            .env("HOST", "127.0.0.1")
            .env("LOG_FORMAT", "json")
            .envs(&self.settings)
            // The default data directory is relative, and must not appear in the repository.
            .current_dir(directory.path());
        let process = Process::start(&mut command, &directory.path().join("service.log"))?;
        Ok((process, directory))
    }
}

/// A running API; it is killed when dropped.
#[derive(Debug)]
pub struct Service {
    process: Process,
    address: SocketAddr,
    management_address: SocketAddr,
    _directory: TempDir,
}

impl Service {
    /// Runs this binary: in the API's own tests, `env!("CARGO_BIN_EXE_conversation-api")`.
    pub fn builder(binary: impl Into<PathBuf>) -> ServiceBuilder {
        ServiceBuilder { binary: binary.into(), arguments: Vec::new(), settings: BTreeMap::new() }
    }

    /// The URL of a path, which begins with a slash, on the public port.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of a path on the management port.
    pub fn management_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.management_address)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// SIGKILL; returns once the process is reaped.
    pub fn kill(&self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, as an orchestrator sends to stop a pod.
    pub fn terminate(&self) -> Result<()> {
        self.process.terminate()
    }

    /// Waits for the process to end.
    pub async fn wait(&self, deadline: Duration) -> Result<ExitStatus> {
        self.process.wait(deadline).await
    }

    /// Everything the API has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Resident memory.
    pub fn memory_bytes(&self) -> Result<u64> {
        self.process.memory_bytes()
    }
}

/// The public and the management address, once the log says that both are bound.
fn listening(log: &str) -> Option<(SocketAddr, SocketAddr)> {
    log.lines().find_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        // Depending on the log format, an event's fields are flattened into the line or nested.
        let fields = entry.get("fields").unwrap_or(&entry);
        if fields.get("message")? != "listening" {
            return None;
        }
        Some((reachable(fields.get("address")?)?, reachable(fields.get("management_address")?)?))
    })
}

/// An address to dial; what listens on every interface is dialled on loopback.
fn reachable(address: &Value) -> Option<SocketAddr> {
    let mut address: SocketAddr = address.as_str()?.parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Some(address)
}
