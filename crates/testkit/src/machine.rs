//! Where something was measured: the commit and the machine.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};

/// The short hash of the checked-out commit, with `-changed` behind it where tracked files differ from it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".into() };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|changes| !changes.is_empty());
    if changed { format!("{commit}-changed") } else { commit }
}

/// Model and number of processors.
pub fn processor() -> Result<String> {
    let cores = std::thread::available_parallelism().context("number of processors")?;
    Ok(format!("{}, {cores} cores", value("/proc/cpuinfo", "model name")?))
}

/// GiB of memory.
pub fn memory_gib() -> Result<f64> {
    let kibibytes: f64 = value("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse().context("memory")?;
    Ok(kibibytes / 1024.0 / 1024.0)
}

/// The load average of the last minute.
pub fn load_average() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg").context("load average")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}

fn value(file: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(file).context(file.to_owned())?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    Ok(line.unwrap_or("unknown").trim().to_owned())
}
