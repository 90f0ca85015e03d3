//! Where the server binaries are. This crate never downloads: `cargo xtask tools` does.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

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

/// The one program that holds the newest Kubernetes: `KUBERNETES_BIN`, else the workspace's `.tools`.
#[cfg(feature = "kubernetes")]
pub(crate) fn kubernetes() -> Result<PathBuf> {
    find("kubernetes", "KUBERNETES_BIN", "kubernetes/kubernetes")
}

/// The same of the oldest version supported: `KUBERNETES_OLDEST_BIN`.
#[cfg(feature = "kubernetes")]
pub(crate) fn kubernetes_oldest() -> Result<PathBuf> {
    find("kubernetes-oldest", "KUBERNETES_OLDEST_BIN", "kubernetes-oldest/kubernetes-oldest")
}

/// The path of `etcd`: `ETCD_BIN`.
#[cfg(feature = "kubernetes")]
pub(crate) fn etcd() -> Result<PathBuf> {
    find("etcd", "ETCD_BIN", "etcd/etcd")
}

/// The path of `kwok`: `KWOK_BIN`.
#[cfg(feature = "kubernetes")]
pub(crate) fn kwok() -> Result<PathBuf> {
    find("kwok", "KWOK_BIN", "kwok/kwok")
}

/// The path of Helm 3: `HELM3_BIN`, else the workspace's `.tools`.
pub fn helm3() -> Result<PathBuf> {
    find("helm3", "HELM3_BIN", "helm3/helm3")
}

/// The path of Helm 4: `HELM4_BIN`, else the workspace's `.tools`.
pub fn helm4() -> Result<PathBuf> {
    find("helm4", "HELM4_BIN", "helm4/helm4")
}

/// The path of `helm-unittest`, which is run by itself: `HELM_UNITTEST_BIN`, else the workspace's `.tools`.
pub fn helm_unittest() -> Result<PathBuf> {
    find("helm-unittest", "HELM_UNITTEST_BIN", "helm-unittest/helm-unittest")
}

/// The path of `helm-docs`: `HELM_DOCS_BIN`, else the workspace's `.tools`.
pub fn helm_docs() -> Result<PathBuf> {
    find("helm-docs", "HELM_DOCS_BIN", "helm-docs/helm-docs")
}

/// The folder of other projects' custom resource definitions, a folder each: `KUBERNETES_CRDS`.
pub fn crds() -> Result<PathBuf> {
    let folder = env::var_os("KUBERNETES_CRDS").map_or_else(|| workspace_root().join(".tools/crds"), PathBuf::from);
    if !folder.is_dir() {
        bail!("{} is missing: run `cargo xtask tools`", folder.display());
    }
    Ok(folder)
}

/// The path of one of the workspace's own programs, beside the running test: `cargo test --workspace` builds them all.
pub fn product(name: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("path of this program")?;
    // A test is one level below the programs, in `deps`.
    let built = this.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    built.with_context(|| {
        format!("{name} is not built: run `cargo build -p {name}`, or the tests of the whole workspace")
    })
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
