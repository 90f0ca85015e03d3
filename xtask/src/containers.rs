//! `cargo xtask containers`: what can be known of the Dockerfile and the Compose file without a container engine.

mod compose;
mod context;
mod dockerfile;
mod ignore;
mod settings;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tools::Tool;
use crate::{run, tools};
use compose::Compose;
use context::Staged;
use dockerfile::Dockerfile;
use settings::Settings;

const COMPOSE: &str = "docker-compose.yml";
const DOCKERFILE: &str = "Dockerfile";

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let build = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--build"] => true,
        _ => bail!(
            "cargo xtask containers [--build]: --build also runs the build commands of the image outside of it, which \
             takes minutes; cargo xtask test leaves it out"
        ),
    };
    if let Some(reason) = check(&tools::ensure()?)? {
        bail!(reason);
    }
    if build { build_all() } else { Ok(()) }
}

/// Checks everything; gives the reason when one of the checks had to be left out.
pub(crate) fn check(tools: &[Tool]) -> Result<Option<String>> {
    let schema = tools::find(tools, "check-jsonschema")?.map_err(anyhow::Error::msg)?;
    run::run(run::at_root(&schema).args(["--builtin-schema", "vendor.compose-spec", COMPOSE]))?;
    let hadolint = tools::find(tools, "hadolint")?;
    if let Ok(hadolint) = &hadolint {
        run::run(run::at_root(hadolint).args(["--config", "xtask/hadolint.yaml", DOCKERFILE]))?;
    }

    let settings = Settings::read()?;
    let dockerfile = Dockerfile::parse(&text(DOCKERFILE)?);
    let compose = Compose::parse(&flattened(&schema)?);
    let mut found = dockerfile.violations(&settings);
    found.extend(compose.violations(&settings, &dockerfile, &|path| run::root().join(path).exists()));
    let staged = context::stage(&dockerfile)?;
    found.extend(staged.violations.iter().cloned());
    for violation in &found {
        println!("{violation}");
    }
    if !found.is_empty() {
        bail!("{} faults in {DOCKERFILE} and {COMPOSE}", found.len());
    }
    resolves(&staged, &dockerfile)?;
    println!("containers: {} services, {} files to build from", compose.services().len(), staged.count);
    Ok(hadolint.err())
}

/// The Compose file with its anchors resolved, one line for each value.
fn flattened(check_jsonschema: &Path) -> Result<String> {
    // Behind a link, the Python beside it is another one.
    let program = check_jsonschema.canonicalize().context("check-jsonschema")?;
    let script = include_str!("containers/flatten.py");
    run::output(run::at_root(program.with_file_name("python")).args(["-c", script, COMPOSE]))
}

/// Whether what the build stage copies is a whole workspace, which the lock file fits, with the packages to build.
///
/// `cargo tree` loads all of it as `cargo metadata` does, but fetches nothing for machines of other kinds.
fn resolves(staged: &Staged, dockerfile: &Dockerfile) -> Result<()> {
    let quiet = |arguments: &[&str]| {
        let mut cargo = run::cargo();
        run::output(cargo.current_dir(&staged.folder).args(arguments)).map(drop)
    };
    for build in dockerfile.builds() {
        quiet(&["tree", "--locked", "--prefix", "none", "-p", build.package])?;
    }
    Ok(())
}

/// Runs the build commands as the Dockerfile has them, on what its build stage copies and nothing else.
fn build_all() -> Result<()> {
    let dockerfile = Dockerfile::parse(&text(DOCKERFILE)?);
    let staged = context::stage(&dockerfile)?;
    // As the cache mount does, it outlives the sources and is shared by the stages.
    let target = staged.folder.with_file_name("target");
    for build in dockerfile.builds() {
        let mut cargo = run::cargo();
        cargo.current_dir(&staged.folder).env("CARGO_TARGET_DIR", &target);
        run::run(cargo.args(&build.arguments))?;
        let binary = target.join("release").join(build.package);
        run::run(run::at_root(&binary).arg("--version"))?;
    }
    Ok(())
}

fn text(path: &str) -> Result<String> {
    fs::read_to_string(run::root().join(path)).with_context(|| path.to_owned())
}
