//! `cargo xtask bench`: the benchmark, always in release mode because a debug build measures nothing.

use anyhow::Result;

use crate::run;

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    // By itself, because what is measured must be built with the features that are shipped, not those of the benchmark.
    run::run(run::cargo().args(["build", "--release", "--package", "conversation-api"]))?;
    let mut bench = run::cargo();
    bench.args(["run", "--release", "--package", "conversation-bench", "--"]);
    run::run(bench.args(arguments))
}
