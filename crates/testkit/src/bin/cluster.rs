//! Starts the tests' sharded cluster for a developer, in the foreground or detached, and stops it again.
#![expect(clippy::print_stdout, reason = "the standard output is what a command-line tool speaks through")]

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use conversation_testkit::{ShardedCluster, until};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// Three members in each of a few shards take ten seconds; the rest is for busy machines.
const START: Duration = Duration::from_secs(180);
/// The servers are killed, not asked, so that only the removal of their files takes time.
const STOP: Duration = Duration::from_secs(60);

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// The directory in which a detached cluster leaves its process id and its log.
    #[arg(long, default_value = ".tools/cluster")]
    state: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start a cluster, and print its connection string.
    Up(Up),
    /// Stop the detached cluster.
    Down,
}

#[derive(Args)]
struct Up {
    /// The number of shards.
    #[arg(long, default_value_t = 2)]
    shards: usize,
    /// The number of servers in each shard.
    #[arg(long, default_value_t = 3)]
    members: usize,
    /// The port of the router.
    #[arg(long, default_value_t = 27200)]
    port: u16,
    /// Return once the cluster is up, and leave it running until `down`.
    #[arg(long)]
    detach: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { state, action } = Arguments::parse();
    let done = match action {
        Action::Up(up) if up.detach => detach(&up, &state).await,
        Action::Up(up) => stay(&up).await,
        Action::Down => stop(&state).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace, which helps nobody who only wants a cluster.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cluster in this process until it is told to end.
async fn stay(up: &Up) -> Result<()> {
    let mut ended = signal(SignalKind::terminate()).context("signal handler")?;
    let mut interrupted = signal(SignalKind::interrupt()).context("signal handler")?;
    let cluster = tokio::select! {
        cluster = ShardedCluster::start_at(up.port, up.shards, up.members) => cluster?,
        _ = ended.recv() => return Ok(()),
        _ = interrupted.recv() => return Ok(()),
    };
    println!("{}", cluster.uri());
    tokio::select! {
        _ = ended.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}

/// Runs the cluster in a process of its own. Its servers end with that process, not with this one.
async fn detach(up: &Up, state: &Path) -> Result<()> {
    fs::create_dir_all(state).context("directory of the cluster")?;
    if let Some(running) = running(state)? {
        bail!("a cluster is running already, as process {}: see `down`", pid_number(running));
    }
    let log = File::create(log_of(state)).context("log of the cluster")?;
    let [shards, members, port] = [up.shards.to_string(), up.members.to_string(), up.port.to_string()];
    let mut child = Command::new(env::current_exe().context("this program")?)
        .args(["up", "--shards", &shards, "--members", &members, "--port", &port])
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("log of the cluster")?)
        .stderr(log)
        // A group of its own, so that Ctrl-C in the terminal does not reach it.
        .process_group(0)
        .spawn()
        .context("start of the cluster")?;
    fs::write(pid_file(state), child.id().to_string()).context("process id of the cluster")?;
    let uri = format!("mongodb://127.0.0.1:{}", up.port);
    let started = until(START, "the cluster to start", async || {
        let ended = child.try_wait().ok().flatten().map(Err::<(), ExitStatus>);
        // The connection string is the only line of its output, and comes last.
        let printed = || fs::read_to_string(log_of(state)).is_ok_and(|log| log.lines().any(|line| line == uri));
        ended.or_else(|| printed().then_some(Ok(())))
    });
    if let Err(status) = started.await? {
        fs::remove_file(pid_file(state)).context("process id of the cluster")?;
        let log = fs::read_to_string(log_of(state)).unwrap_or_default();
        bail!("the cluster did not start ({status}):\n{log}");
    }
    println!("{uri}");
    Ok(())
}

async fn stop(state: &Path) -> Result<()> {
    let Some(pid) = running(state)? else {
        println!("no cluster is running");
        return Ok(());
    };
    kill_process(pid, Signal::TERM).context("signal to the cluster")?;
    until(STOP, "the cluster to end", async || test_kill_process(pid).is_err()).await?;
    fs::remove_file(pid_file(state)).context("process id of the cluster")
}

/// The process of the detached cluster, if it lives. The number alone may by now be another program's.
fn running(state: &Path) -> Result<Option<Pid>> {
    let Ok(text) = fs::read_to_string(pid_file(state)) else { return Ok(None) };
    let number = text.trim().parse().context("process id of the cluster")?;
    let command = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let mut words = command.split(|byte| *byte == 0);
    let program = words.next().unwrap_or_default();
    let ours = program.ends_with(b"cluster") && words.next() == Some(b"up");
    Ok(Pid::from_raw(number).filter(|_| ours))
}

fn pid_file(state: &Path) -> PathBuf {
    state.join("pid")
}

fn log_of(state: &Path) -> PathBuf {
    state.join("log")
}

fn pid_number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}
