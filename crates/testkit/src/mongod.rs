//! One `mongod`: its process, its files and its administration. What role it plays is the caller's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, ServerAddress};
use tokio::time::timeout;

use crate::process::Process;
use crate::{port, tools, wait};

/// Small machines share two cores among several servers, and recovery after a kill is slow on them.
const START: Duration = Duration::from_secs(90);
/// A server that is paused or dead does not answer at all; one that lives answers in milliseconds.
const PROBE: Duration = Duration::from_secs(2);
/// Above the longest administrative command, a step-down that waits for a secondary to catch up.
const ADMIN: Duration = Duration::from_secs(60);

/// A `mongod` on a loopback port of its own.
#[derive(Debug)]
pub struct Mongod {
    port: u16,
    directory: PathBuf,
    arguments: Vec<String>,
    process: Mutex<Arc<Process>>,
}

impl Mongod {
    /// Starts a server that keeps its files in `directory`; `arguments` give it its role.
    ///
    /// It does not wait: see [`Mongod::wait_until_up`].
    pub fn start(directory: &Path, arguments: &[&str]) -> Result<Self> {
        fs::create_dir_all(directory).context("directory of a mongod")?;
        let port = port::free_port()?;
        let arguments: Vec<String> = arguments.iter().map(|part| (*part).to_owned()).collect();
        let process = spawn(directory, port, &arguments)?;
        Ok(Self { port, directory: directory.to_owned(), arguments, process: Mutex::new(Arc::new(process)) })
    }

    /// `host:port`, as it appears in connection strings and configurations.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The current process; [`Mongod::restart`] replaces it.
    pub fn process(&self) -> Arc<Process> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&process)
    }

    /// Starts the server again on the same port and files, killing it first if it still runs.
    pub async fn restart(&self) -> Result<()> {
        self.process().kill()?;
        let process = spawn(&self.directory, self.port, &self.arguments)?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(process);
        self.wait_until_up().await
    }

    /// Waits until the server answers; fails at once, with its log, if it ends instead.
    pub async fn wait_until_up(&self) -> Result<()> {
        let what = format!("mongod at {} to answer", self.address());
        let process = self.process();
        wait::until(START, &what, async || match process.exit_status() {
            Ok(None) => self.hello().await.is_some().then_some(Ok(())),
            Ok(Some(status)) => Some(Err(status.to_string())),
            Err(error) => Some(Err(error.to_string())),
        })
        .await?
        .map_err(|status| anyhow::anyhow!("mongod ended ({status}):\n{}", process.log()))
    }

    /// What the server says of itself, or `None` if it does not answer within two seconds.
    pub async fn hello(&self) -> Option<Document> {
        let answer = timeout(PROBE, self.command(doc! { "hello": 1 }, PROBE)).await;
        answer.ok().and_then(Result::ok)
    }

    /// Runs a command on the `admin` database of this very server, whatever its state.
    pub async fn admin(&self, command: Document) -> Result<Document> {
        match timeout(ADMIN, self.command(command, ADMIN)).await {
            Ok(answer) => answer,
            Err(_) => bail!("mongod at {} did not answer in {ADMIN:?}", self.address()),
        }
    }

    async fn command(&self, command: Document, patience: Duration) -> Result<Document> {
        // A client lives on the runtime it was made on, and every test has a runtime of its own, so
        // one kept in this struct would be dead for the second test that shares the server.
        let options = ClientOptions::builder()
            .hosts(vec![ServerAddress::parse(self.address())?])
            .direct_connection(true)
            .connect_timeout(patience)
            .server_selection_timeout(patience)
            .build();
        let client = Client::with_options(options).context("direct client")?;
        let answer = client.database("admin").run_command(command).await;
        answer.with_context(|| format!("admin command on mongod at {}", self.address()))
    }
}

/// The argument that says how much memory a server keeps data in, in GiB.
pub(crate) const CACHE: &str = "--wiredTigerCacheSizeGB";

fn spawn(directory: &Path, port: u16, arguments: &[String]) -> Result<Process> {
    let mut command = Command::new(tools::mongod()?);
    command
        .arg("--dbpath")
        .arg(directory)
        .args(["--port", &port.to_string()])
        .args(["--bind_ip", "127.0.0.1", "--nounixsocket"])
        // Its samples cost processor time and disk, and nobody reads them here.
        .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
        // Tests bring their own time, so documents may be due for deletion by the server's clock while a test reads them.
        .args(["--setParameter", "ttlMonitorEnabled=false"])
        // Fail points exist only with it.
        .args(["--setParameter", "enableTestCommands=1"])
        .args(arguments);
    if !arguments.iter().any(|argument| argument == CACHE) {
        // The least that is allowed: several servers share a small machine.
        command.args([CACHE, "0.25"]);
    }
    Process::start(&mut command, &directory.join("mongod.log"))
}
