//! Processor time, from `/proc`. The test kit knows it of its own children only; here this very process counts as well,
//! because the bare drivers run in it.

use std::fs;

use anyhow::{Context, Result};

/// Linux reports in hundredths of a second to user space on every platform we run on.
const TICKS: f64 = 100.0;

/// The seconds that these processes have used in all, user and system.
pub(crate) fn seconds(pids: &[u32]) -> Result<f64> {
    pids.iter().map(|pid| of(*pid)).sum()
}

fn of(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).context(path)?;
    parse(&stat).context("times in /proc stat")
}

fn parse(stat: &str) -> Option<f64> {
    // The second field is the program's name in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((ticks.next()?? + ticks.next()??) / TICKS)
}

/// The seconds that all processes together have used of this machine; on a virtual one, with those that its host took.
pub(crate) fn of_machine() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    machine(&stat).context("times in /proc/stat")
}

fn machine(stat: &str) -> Option<f64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = fields.split_whitespace().map(|field| field.parse().ok()).collect::<Option<_>>()?;
    // User, nice, system, steal: not idle, not waiting for the disk, and not interrupts, which are no process's own.
    Some((ticks[..3].iter().sum::<f64>() + ticks.get(7)?) / TICKS)
}

/// What `work` units cost, per 10,000 of them.
pub(crate) fn per_10k(seconds: f64, work: u64) -> f64 {
    seconds * 10_000.0 / work.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::{machine, of_machine, parse, per_10k, seconds};

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(parse(stat), Some(2.0));
        assert_eq!(parse("7 (cut"), None);
    }

    #[test]
    fn idle_and_waiting_are_not_work() -> anyhow::Result<()> {
        assert_eq!(machine("cpu  100 20 30 9000 800 70 60 50 0 0\ncpu0 1"), Some(2.0));
        assert!(of_machine()? > 0.0);
        Ok(())
    }

    #[test]
    fn this_process_can_be_asked() -> anyhow::Result<()> {
        assert!(seconds(&[std::process::id()])? >= 0.0);
        assert!((per_10k(2.0, 40_000) - 0.5).abs() < f64::EPSILON);
        Ok(())
    }
}
