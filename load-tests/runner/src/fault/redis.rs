//! Redis, for a service that takes one.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context as _, Result};
use conversation_testkit::{Process, free_port, until};
use tokio::net::TcpStream;

use crate::k6::K6;

/// What is said when there is none.
pub(crate) const NONE: &str =
    "the service has no setting REDIS_URL and uses no Redis: none was killed, and the run shows the profile alone";
const START: Duration = Duration::from_secs(20);

/// A Redis on loopback.
#[derive(Debug)]
pub(crate) struct Redis {
    port: u16,
    folder: PathBuf,
    process: Mutex<Process>,
}

impl Redis {
    /// Starts one if the service has a setting for it.
    pub(crate) async fn start_for(service: &Path, folder: &Path) -> Result<Option<Self>> {
        let printed = Command::new(service).arg("--print-config").output().context("settings of the service")?;
        if !String::from_utf8_lossy(&printed.stdout).lines().any(|line| line.starts_with("REDIS_URL=")) {
            return Ok(None);
        }
        let port = free_port()?;
        let process = Mutex::new(start(port, folder)?);
        let redis = Self { port, folder: folder.to_owned(), process };
        redis.wait_until_up().await?;
        Ok(Some(redis))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it, waits until calls go on without it, and starts it again.
    pub(crate) async fn go_and_come_back(&self, k6: &K6) -> Result<Vec<String>> {
        self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner).kill()?;
        k6.until_more_acknowledged().await?;
        let process = start(self.port, &self.folder)?;
        *self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = process;
        self.wait_until_up().await?;
        k6.until_more_acknowledged().await?;
        Ok(vec!["Redis was killed (-9) and was started again, empty".to_owned()])
    }

    async fn wait_until_up(&self) -> Result<()> {
        until(START, "Redis to listen", async || TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()).await
    }
}

fn start(port: u16, folder: &Path) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--port"]).arg(port.to_string());
    Process::start(&mut command, &folder.join("redis.log")).context("redis-server on the PATH")
}
