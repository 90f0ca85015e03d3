//! Where a run was made: commit, day, machine.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};
use conversation_core::{Clock as _, SystemClock};

/// The circumstances of a run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The day, as `2026-11-20`.
    pub(crate) date: String,
    /// The commit, marked where files differ from it.
    pub(crate) commit: String,
    /// Model and number of processors, memory, and what else was running.
    pub(crate) description: String,
}

impl Machine {
    pub(crate) fn observe() -> Result<Self> {
        let now = SystemClock.now().to_string();
        let model = value("/proc/cpuinfo", "model name")?;
        let cores = std::thread::available_parallelism().context("number of processors")?;
        let kilobytes: u64 = value("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse().context("memory")?;
        let load = fs::read_to_string("/proc/loadavg").context("load average")?;
        let (load, gibibytes) = (load.split(' ').next().unwrap_or_default(), kilobytes >> 20);
        let description = format!("{model}, {cores} cores, {gibibytes} GiB, load average at the end {load}");
        Ok(Self { date: now.get(..10).unwrap_or(&now).to_owned(), commit: commit(), description })
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".into() };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|changes| !changes.is_empty());
    if changed { format!("{commit}-changed") } else { commit }
}

fn value(file: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(file).context(file.to_owned())?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    Ok(line.unwrap_or("unknown").trim().to_owned())
}
