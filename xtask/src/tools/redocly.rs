//! Redocly's command line, which lints the OpenAPI document.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run;
use crate::tools::place;

const VERSION: &str = "2.77.0";

pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = run::installed("REDOCLY_BIN", "redocly")? {
        return Ok(found);
    }
    let place = place::renamed("redocly", VERSION, fetch)?;
    Ok(place.join("node_modules/.bin/redocly"))
}

fn fetch(place: &Path) -> Result<()> {
    if run::on_path("npm").is_none() {
        bail!("npm is not on the PATH: install Node.js");
    }
    // Nothing that it needs is compiled, so no package has a reason to run a script here.
    let install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run::run(run::at_root("npm").args(install).arg("--prefix").arg(place).arg(format!("@redocly/cli@{VERSION}")))
}
