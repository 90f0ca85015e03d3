//! All that a run has found out, and where reports of it are kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::args::StoreKind;
use crate::contest::Measured;
use crate::machine::Machine;
use crate::series::Series;
use crate::suite::Outcome;

/// The results of one run: of stores or of series.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Every operation, by store.
    pub(crate) stores: Vec<Outcome>,
    /// What changes with size.
    pub(crate) series: Vec<Series>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<String>,
}

impl Results {
    /// Adds what a series came to.
    pub(crate) fn note(&mut self, name: &str, measured: Result<Vec<Series>>) {
        match measured {
            Ok(series) => self.series.extend(series),
            Err(error) => self.failures.push(format!("{name}: {error:#}")),
        }
    }

    /// The results of a store.
    pub(crate) fn store(&self, store: StoreKind) -> Option<&Outcome> {
        self.stores.iter().find(|outcome| outcome.store == store)
    }

    /// The results of an operation on a store.
    pub(crate) fn operation(&self, store: StoreKind, name: &str) -> Option<&Measured> {
        self.store(store)?.operations.iter().find(|measured| measured.operation == name)
    }

    /// A series.
    pub(crate) fn series(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }
}

/// Where reports are kept.
pub(crate) fn folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is at crates/bench, two levels below the root.
    manifest.ancestors().nth(2).unwrap_or(manifest).join("load-tests/results")
}

/// Keeps a report, for people and for machines, under its kind, day and commit.
pub(crate) fn save(folder: &Path, kind: &str, machine: &Machine, markdown: &str, json: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder).context("folder of results")?;
    let name = format!("{kind}-{}-{}", machine.date, machine.commit);
    for (extension, text) in [("md", markdown), ("json", json)] {
        let path = folder.join(format!("{name}.{extension}"));
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(folder.join(name + ".md"))
}

#[cfg(test)]
mod tests {
    use super::save;
    use crate::machine;

    #[test]
    fn a_report_is_kept_under_its_kind_day_and_commit() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = save(&folder.path().join("new"), "growth", &machine::tests::made_up(), "text", "{}")?;
        assert!(path.ends_with("new/growth-2026-11-20-abc1234.md"));
        assert_eq!(std::fs::read_to_string(&path)?, "text");
        assert_eq!(std::fs::read_to_string(path.with_extension("json"))?, "{}");
        Ok(())
    }
}
