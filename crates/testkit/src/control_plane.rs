//! A real control plane of Kubernetes on loopback: etcd, API server, controller manager, scheduler, and nodes played by
//! kwok. Role-based access control, the default admission and an audit log are on.
//!
//! What it has not: networks, volumes and containers. See [`ProcessNode`](crate::ProcessNode) for pods that really run.

mod audit;
mod certificates;
mod clients;
mod crds;
mod kubeconfig;
mod namespace;
mod nodes;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::process::Process;
use crate::process_node::ProcessNode;
use crate::wait::until;
use crate::{port, watchdog};

pub use audit::Call;
pub use clients::{Helm, output};
pub use crds::Project;
pub use namespace::Namespace;

use certificates::Authority;
use kubeconfig::Cluster;
use programs::Plan;

/// The API server takes five seconds on an idle machine, and several may start on a busy one.
const START: Duration = Duration::from_secs(120);

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

/// Which of the supported versions of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

/// A running control plane; it ends when dropped, or with the test process.
#[derive(Debug)]
pub struct ControlPlane {
    plan: Plan,
    cluster: Cluster,
    kubeconfig: PathBuf,
    config: Config,
    process_node: OnceCell<ProcessNode>,
    api_server: Mutex<Process>,
    /// In the order of their end: nobody is left to complain of what is gone.
    others: Vec<Process>,
    _etcd: Process,
    _files: TempDir,
}

impl ControlPlane {
    /// The one of this test process, of the newest version, started when first asked for.
    pub async fn shared() -> Result<&'static Self> {
        SHARED.get_or_try_init(|| Self::start(Version::Newest)).await
    }

    /// Starts one of its own, and waits until pods can be made in it.
    pub async fn start(version: Version) -> Result<Self> {
        let files = tempfile::Builder::new().prefix("testkit-kubernetes-").tempdir().context("temporary directory")?;
        watchdog::remove(files.path())?;
        let directory = files.path().to_owned();
        let (etcd, etcd_peer, api_server) = (port::free_port()?, port::free_port()?, port::free_port()?);
        let plan = Plan { directory: directory.clone(), version, etcd, etcd_peer, api_server };

        let authority = Authority::new()?;
        certificates::write(&authority, &directory)?;
        fs::write(directory.join("audit-policy.json"), programs::AUDIT_POLICY).context("audit policy")?;
        fs::write(directory.join("stages.yaml"), programs::STAGES).context("stages of kwok")?;
        let url = format!("https://127.0.0.1:{api_server}");
        let cluster = Cluster { url, authority: directory.join("ca.crt") };
        let master = |user: &str| cluster.master(&authority, user, &directory.join(user.replace(':', "-")));
        let kubeconfig = master("admin")?;
        let config = Kubeconfig::read_from(&kubeconfig).context("kubeconfig")?;
        let config =
            Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.context("kubeconfig")?;

        let etcd = start(plan.etcd()?, &directory.join("etcd.log"))?;
        let api_server = start(plan.api_server()?, &directory.join("kube-apiserver.log"))?;
        ready(&config, &api_server).await?;
        let others = [
            ("kwok.log", plan.kwok(&master("kwok")?)?),
            ("kube-scheduler.log", plan.scheduler(&master("system:kube-scheduler")?)?),
            ("kube-controller-manager.log", plan.controller_manager(&master("system:kube-controller-manager")?)?),
        ];
        let others = others.into_iter().map(|(log, command)| start(command, &directory.join(log)));
        let plane = Self {
            others: others.collect::<Result<_>>()?,
            process_node: OnceCell::new(),
            api_server: Mutex::new(api_server),
            _etcd: etcd,
            plan,
            cluster,
            kubeconfig,
            config,
            _files: files,
        };
        let client = plane.client()?;
        nodes::create(client.clone()).await?;
        plane.account(&client, "default").await.with_context(|| plane.log("kube-controller-manager"))?;
        for process in &plane.others {
            if let Some(status) = process.exit_status()? {
                bail!("a program of the control plane ended ({status}):\n{}", process.log());
            }
        }
        Ok(plane)
    }

    /// Where it keeps its files; a test may keep some of its own there.
    pub fn directory(&self) -> &Path {
        &self.plan.directory
    }

    /// The URL of the API server.
    pub fn url(&self) -> &str {
        &self.cluster.url
    }

    /// The administrator's configuration.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A new client of the administrator. It lives on the runtime of the test that asks, so it cannot be shared.
    pub fn client(&self) -> Result<Client> {
        client(self.config.clone())
    }

    /// A new client with the configuration in a file.
    pub async fn client_of(&self, kubeconfig: &Path) -> Result<Client> {
        let config = Kubeconfig::read_from(kubeconfig).context("kubeconfig")?;
        client(Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.context("kubeconfig")?)
    }

    /// The node whose pods really run, added when first asked for.
    pub async fn process_node(&self) -> Result<&ProcessNode> {
        self.process_node.get_or_try_init(|| ProcessNode::start(self, self.config.clone())).await
    }

    /// Every call that the API server has answered so far, its own and those of the other programs included.
    pub fn audit(&self) -> Result<Vec<Call>> {
        audit::read(&self.directory().join("audit.log"))
    }

    /// What `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler` or `kwok` has logged.
    pub fn log(&self, program: &str) -> String {
        let log = fs::read(self.directory().join(format!("{program}.log"))).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Stops the API server in its tracks: connections are accepted and nothing is answered.
    pub fn pause(&self) -> Result<()> {
        self.with_api_server(|process| process.pause())
    }

    /// Ends a pause.
    pub fn resume(&self) -> Result<()> {
        self.with_api_server(|process| process.resume())
    }

    /// Kills the API server: connections are refused until [`ControlPlane::restart`].
    pub fn kill(&self) -> Result<()> {
        self.with_api_server(|process| process.kill())
    }

    /// Starts the API server again, on the same port and data, killing it first if it runs; returns when it is ready.
    pub async fn restart(&self) -> Result<()> {
        self.kill()?;
        let process = start(self.plan.api_server()?, &self.directory().join("kube-apiserver.log"))?;
        let outcome = ready(&self.config, &process).await;
        *self.api_server.lock().unwrap_or_else(PoisonError::into_inner) = process;
        outcome
    }

    fn with_api_server<T>(&self, act: impl FnOnce(&Process) -> Result<T>) -> Result<T> {
        act(&self.api_server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn client(config: Config) -> Result<Client> {
    // Another provider may be compiled in, and then none is the default; the first caller decides for the process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::try_from(config).context("client of Kubernetes")
}

fn start(mut command: Command, log: &Path) -> Result<Process> {
    Process::start(&mut command, log)
}

/// Waits for the API server; fails at once, with its log, if it ends instead.
async fn ready(config: &Config, process: &Process) -> Result<()> {
    let mut config = config.clone();
    // Being not ready yet is an answer here, not something to retry after a while.
    config.default_retry = false;
    let client = client(config)?;
    let ended = until(START, "the API server to be ready", async || match process.exit_status() {
        Ok(None) => is_ready(&client).await.then_some(None),
        Ok(Some(status)) => Some(Some(status.to_string())),
        Err(error) => Some(Some(error.to_string())),
    })
    .await
    .with_context(|| process.log())?;
    match ended {
        None => Ok(()),
        Some(status) => bail!("the API server ended ({status}):\n{}", process.log()),
    }
}

async fn is_ready(client: &Client) -> bool {
    let request = kube::core::Request::new("/readyz").list(&ListParams::default());
    match request {
        Ok(request) => client.request_text(request).await.is_ok(),
        Err(_) => false,
    }
}
