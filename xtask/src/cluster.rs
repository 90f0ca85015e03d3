//! `cargo xtask cluster up|down`: the sharded cluster of the tests, for a developer to work against.

use anyhow::Result;

use crate::run;

/// Where a detached cluster leaves its process id and its log.
const STATE: &str = ".tools/cluster";

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let program = ["run", "--quiet", "--package", "conversation-testkit", "--bin", "cluster", "--"];
    run::run(run::cargo().args(program).args(["--state", STATE]).args(arguments))
}
