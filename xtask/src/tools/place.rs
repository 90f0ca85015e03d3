//! Putting a tool in its place so that an interrupted run leaves nothing that looks complete.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run;

/// Written last, and holds the version: another version in place counts as absent.
const STAMP: &str = ".installed";

/// Held while tools are fetched, so that a second run waits for the first instead of undoing it.
pub(crate) fn lock() -> Result<File> {
    let place = folder("");
    fs::create_dir_all(&place).context("folder .tools")?;
    let file = File::create(place.join(".lock")).context("lock file of .tools")?;
    file.lock().context("lock of .tools")?;
    Ok(file)
}

/// The folder of a tool, filled by `fill` unless this version is already complete in it.
///
/// `fill` works in a temporary folder beside it, which then takes its name.
pub(crate) fn renamed(tool: &str, version: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let place = folder(tool);
    if !is_complete(&place, version) {
        let partial = folder(&format!("{tool}.partial"));
        empty(&partial)?;
        let filled = fill(&partial).and_then(|()| stamp(&partial, version));
        if let Err(error) = filled {
            remove(&partial)?;
            return Err(error);
        }
        remove(&place)?;
        fs::rename(&partial, &place).context("rename into .tools")?;
    }
    Ok(place)
}

/// The same for a tool that holds its own absolute path and therefore cannot be renamed: only the
/// stamp tells a complete one from one that was interrupted.
pub(crate) fn stamped(tool: &str, version: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let place = folder(tool);
    if !is_complete(&place, version) {
        empty(&place)?;
        fill(&place)?;
        stamp(&place, version)?;
    }
    Ok(place)
}

fn folder(tool: &str) -> PathBuf {
    run::root().join(".tools").join(tool)
}

fn is_complete(place: &Path, version: &str) -> bool {
    fs::read_to_string(place.join(STAMP)).is_ok_and(|found| found == version)
}

fn stamp(place: &Path, version: &str) -> Result<()> {
    fs::write(place.join(STAMP), version).context("stamp of a tool")
}

fn empty(place: &Path) -> Result<()> {
    remove(place)?;
    fs::create_dir_all(place).with_context(|| format!("folder {}", place.display()))
}

fn remove(place: &Path) -> Result<()> {
    if place.exists() {
        fs::remove_dir_all(place).with_context(|| format!("removal of {}", place.display()))?;
    }
    Ok(())
}
