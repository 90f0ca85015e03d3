//! Where a run was made: commit, day, machine.

use anyhow::Result;
use conversation_core::{Clock as _, SystemClock};
use conversation_testkit::machine;

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
        let (processor, memory, load) = (machine::processor()?, machine::memory_gib()?, machine::load_average()?);
        let description = format!("{processor}, {memory:.0} GiB, load average at the end {load}");
        Ok(Self { date: now.get(..10).unwrap_or(&now).to_owned(), commit: machine::commit(), description })
    }
}
