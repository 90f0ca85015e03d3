//! Where the server binaries are. This crate never downloads: `cargo xtask tools` does.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The path of a `mongod` binary: `MONGOD_BIN`, else the workspace's `.tools`, else the `PATH`.
pub fn mongod() -> Result<PathBuf> {
    find("mongod", "MONGOD_BIN", "mongod/mongod")
}

/// The path of a real `mongos`, if `MONGOS_BIN` names one; no package that `cargo xtask tools` could fetch holds it.
pub(crate) fn mongos() -> Result<Option<PathBuf>> {
    let named = env::var_os("MONGOS_BIN").map(|_| find("mongos", "MONGOS_BIN", "mongos/mongos"));
    named.transpose()
}

/// The path of the `k6` command: `K6_BIN`, else the workspace's `.tools`, else the `PATH`.
pub fn k6() -> Result<PathBuf> {
    find("k6", "K6_BIN", "k6/k6")
}

/// The path of the `schemathesis` command: `SCHEMATHESIS_BIN`, else the workspace's `.tools`, else the `PATH`.
pub fn schemathesis() -> Result<PathBuf> {
    find("schemathesis", "SCHEMATHESIS_BIN", "schemathesis/bin/schemathesis")
}

fn find(name: &str, variable: &str, fetched: &str) -> Result<PathBuf> {
    if let Some(named) = env::var_os(variable).map(PathBuf::from) {
        if named.is_file() {
            return Ok(named);
        }
        // Falling back to another one than the one named would hide the mistake.
        bail!("{variable} names {}, which is not a file", named.display());
    }
    let fetched = workspace_root().join(".tools").join(fetched);
    if fetched.is_file() {
        return Ok(fetched);
    }
    match on_path(name) {
        Some(installed) => Ok(installed),
        None => bail!("{name} is missing: run `cargo xtask tools`"),
    }
}

fn workspace_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is at crates/testkit, two levels below the root.
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}
