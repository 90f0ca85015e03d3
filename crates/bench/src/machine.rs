//! Where and of what the figures are: commit, machine, versions, and how long its disk takes to flush.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Instant, UNIX_EPOCH};

use anyhow::{Context, Result};
use conversation_core::{Clock as _, SystemClock, Timestamp};
use conversation_testkit::machine;

use crate::sample::median;

/// Flushes that are timed, of a block each.
const FLUSHES: usize = 200;
const BLOCK: [u8; 4096] = [7; 4096];

/// The circumstances of a run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The day, as `2026-11-20`.
    pub(crate) date: String,
    /// The commit, marked where files differ from it.
    pub(crate) commit: String,
    /// When the service was built, as a run without `cargo xtask` may meet an older build than that of the commit.
    pub(crate) built: String,
    /// Model and number of processors.
    pub(crate) processor: String,
    /// GiB of memory.
    pub(crate) memory: f64,
    /// What else was running when the run began: the load average of the last minute.
    pub(crate) load: String,
    /// How long a flush of 4 KiB takes in the folder of temporary files, in milliseconds.
    pub(crate) flush: f64,
    /// Versions of what is compared with.
    pub(crate) versions: String,
}

impl Machine {
    /// Looks around; `service` is the binary that is measured.
    pub(crate) fn observe(service: &Path) -> Result<Self> {
        let now = SystemClock.now().to_string();
        Ok(Self {
            date: now.get(..10).unwrap_or(&now).to_owned(),
            commit: machine::commit(),
            built: modified(service)?,
            processor: machine::processor()?,
            memory: machine::memory_gib()?,
            load: machine::load_average()?,
            flush: flush(&std::env::temp_dir())?,
            versions: versions()?,
        })
    }
}

fn versions() -> Result<String> {
    let server = Command::new(conversation_testkit::mongod()?).arg("--version").output().context("mongod")?;
    let server = String::from_utf8_lossy(&server.stdout);
    let server = server.lines().next().unwrap_or("mongod of unknown version").replace("db version v", "mongod ");
    Ok(format!("{server}, SQLite {}", rusqlite::version()))
}

fn modified(file: &Path) -> Result<String> {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    let modified = modified.with_context(|| file.display().to_string())?;
    let since_epoch = modified.duration_since(UNIX_EPOCH).context("time of a file")?;
    Ok(Timestamp::from_millis(0).plus(since_epoch).to_string())
}

fn flush(folder: &Path) -> Result<f64> {
    let mut file = tempfile::NamedTempFile::new_in(folder).context("temporary file")?;
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        file.write_all(&BLOCK).context("temporary file")?;
        let started = Instant::now();
        File::sync_data(file.as_file()).context("flush")?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Machine;

    /// A machine for tests of reports.
    pub(crate) fn made_up() -> Machine {
        Machine {
            date: "2026-11-20".into(),
            commit: "abc1234".into(),
            built: "2026-11-20T19:00:00.000Z".into(),
            processor: "Abacus, 2 cores".into(),
            memory: 23.4,
            load: "0.10".into(),
            flush: 0.142,
            versions: "mongod 6.0.5, SQLite 3.54.1".into(),
        }
    }

    #[test]
    fn the_machine_can_be_described() -> anyhow::Result<()> {
        let here = std::env::current_exe()?;
        let Machine { date, commit, built, processor, memory, load, flush, versions } = Machine::observe(&here)?;
        assert!(
            date.len() == 10
                && built.starts_with("20")
                && !commit.is_empty()
                && processor.contains("cores")
                && !load.is_empty()
        );
        assert!(memory > 0.0 && flush > 0.0 && versions.contains("SQLite 3."), "{memory} {flush} {versions}");
        Ok(())
    }
}
