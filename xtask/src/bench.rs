//! `cargo xtask bench`: the benchmark, always in release mode because a debug build measures nothing.

use anyhow::Result;

use crate::run;

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let mut bench = run::cargo();
    bench.args(["run", "--release", "--package", "conversation-bench", "--"]);
    run::run(bench.args(arguments))
}
