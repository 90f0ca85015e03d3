//! A server process whose output goes to a file and which ends when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::wait::until;
use crate::watchdog;

/// A running (or ended) child process.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Starts the command with both its outputs appended to the file `log`.
    ///
    /// A file rather than a pipe: a server never blocks on it, and no reader of the test's own
    /// output waits for a server to close it.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log);
        let output = output.with_context(|| format!("log file {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("log file")?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start of {}", command.get_program().display()))?;
        let process = Self { pid: child.id(), child: Mutex::new(child), log: log.to_owned() };
        watchdog::watch(process.pid)?;
        Ok(process)
    }

    /// The process id, which stays what it was after the process has ended.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything the process has written to its standard output and error so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// SIGKILL, as `kill -9` or the kernel's out-of-memory killer would; returns once it is reaped.
    pub fn kill(&self) -> Result<()> {
        let mut child = self.child();
        child.kill().context("kill")?;
        let forgotten = watchdog::forget(self.pid);
        child.wait().context("reaping")?;
        forgotten
    }

    /// SIGSTOP: the process keeps its sockets and answers nothing, as a stalled machine would.
    ///
    /// Returns when its last thread has stopped: until then one on another core may still answer.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let pid = Pid::from_child(&self.child());
        waitid(WaitId::Pid(pid), stopped).with_context(|| format!("waiting for process {} to stop", self.pid))?;
        Ok(())
    }

    /// SIGCONT: ends a pause.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// SIGTERM: asks the process to end by itself.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// How the process ended, or `None` while it runs.
    pub fn exit_status(&self) -> Result<Option<ExitStatus>> {
        let mut child = self.child();
        let pid = Pid::from_child(&child);
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // Looking without reaping keeps the id from being reused before the watchdog forgets it.
        if let Ok(Some(_)) = waitid(WaitId::Pid(pid), peek) {
            watchdog::forget(self.pid)?;
        }
        child.try_wait().context("reaping")
    }

    /// Waits for the process to end.
    pub async fn wait(&self, deadline: Duration) -> Result<ExitStatus> {
        let what = format!("process {} to end", self.pid);
        until(deadline, &what, async || self.exit_status().transpose()).await?
    }

    /// Resident memory, from `/proc`.
    pub fn memory_bytes(&self) -> Result<u64> {
        let status = self.proc_file("status")?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("VmRSS in /proc, which an ended process lacks")?;
        Ok(kilobytes.parse::<u64>().context("VmRSS")? * 1024)
    }

    /// Processor time used so far, user and system, from `/proc`.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.proc_file("stat")?;
        // The second field is the program's name in parentheses and may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("name in /proc stat")?;
        let ticks: Vec<f64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("times in /proc stat")?;
        // Linux reports in hundredths of a second to user space on every platform we run on.
        Ok(ticks.iter().sum::<f64>() / 100.0)
    }

    fn proc_file(&self, name: &str) -> Result<String> {
        let path = format!("/proc/{}/{name}", self.pid);
        fs::read_to_string(&path).with_context(|| path)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        if let Some(status) = self.exit_status()? {
            bail!("process {} has already ended: {status}", self.pid);
        }
        let pid = Pid::from_child(&self.child());
        kill_process(pid, signal).with_context(|| format!("signal to process {}", self.pid))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only for a process that is already gone.
        let _ = self.kill();
    }
}
