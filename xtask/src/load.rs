//! `cargo xtask load`: a load profile against real servers, with a fault if asked, and the audit afterwards.

use anyhow::Result;

use crate::{run, tools};

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let tools = tools::ensure()?;
    // In release mode, because the objectives are about what is shipped; each by itself, with its own features.
    for package in ["conversation-api", "conversation-migrator"] {
        run::run(run::cargo().args(["build", "--release", "--package", package]))?;
    }
    let mut load = run::cargo();
    tools::announce(&mut load, &tools);
    run::run(load.args(["run", "--release", "--package", "conversation-load", "--"]).args(arguments))
}
