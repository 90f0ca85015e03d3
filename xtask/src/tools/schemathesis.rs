//! Schemathesis, which tests a running API against its OpenAPI document.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::run;
use crate::tools::place;

const VERSION: &str = "4.32.5";

pub(crate) fn ensure() -> Result<PathBuf> {
    // The command is `st`; under the full name it is less likely to be something else.
    if let Some(found) = run::installed("SCHEMATHESIS_BIN", "schemathesis")? {
        return Ok(found);
    }
    // The scripts of a virtual environment begin with its absolute path.
    let place = place::stamped("schemathesis", VERSION, fetch)?;
    Ok(place.join("bin/schemathesis"))
}

fn fetch(place: &Path) -> Result<()> {
    run::run(run::at_root("python3").args(["-m", "venv"]).arg(place))?;
    let install = ["-m", "pip", "install", "--quiet"];
    let package = format!("schemathesis=={VERSION}");
    run::run(run::at_root(place.join("bin/python")).args(install).arg(package))
}
