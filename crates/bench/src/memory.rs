//! Resident memory of the service: at one moment, and the most of it while something else goes on.

use std::fs;
use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result};

/// Often enough to see a peak of a round, and seldom enough to cost nothing.
const PERIOD: Duration = Duration::from_millis(50);
/// A MiB.
const MIB: f64 = 1024.0 * 1024.0;

/// VmRSS of a process, in MiB.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).context(path)?;
    let kilobytes = field(&status, "VmRSS:").context("VmRSS, which an ended process lacks")?;
    Ok(kilobytes * 1024.0 / MIB)
}

/// What of VmRSS is the program's own pages, and what is pages of files (its binary, mostly), in MiB.
pub(crate) fn parts(pid: u32) -> Result<(f64, f64)> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).context(path)?;
    let part = |name| field(&status, name).map(|kilobytes| kilobytes * 1024.0 / MIB).context(name);
    Ok((part("RssAnon:")?, part("RssFile:")?))
}

/// Runs `work` and returns its outcome with the most memory that the process had meanwhile.
pub(crate) async fn peak<T>(pid: u32, work: impl Future<Output = T>) -> Result<(T, f64)> {
    let mut work = std::pin::pin!(work);
    let mut period = tokio::time::interval(PERIOD);
    let mut most = resident(pid)?;
    loop {
        tokio::select! {
            outcome = &mut work => return Ok((outcome, most.max(resident(pid)?))),
            _ = period.tick() => most = most.max(resident(pid)?),
        }
    }
}

fn field(status: &str, name: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{parts, peak, resident};

    #[tokio::test]
    async fn the_peak_is_at_least_what_there_is_at_the_end() -> anyhow::Result<()> {
        let pid = std::process::id();
        let (answer, most) = peak(pid, async { 7 }).await?;
        let (anonymous, file) = parts(pid)?;
        assert!(answer == 7 && most > 0.0 && resident(pid)? > 0.0 && anonymous + file > 0.0);
        Ok(())
    }
}
