//! `cargo xtask codegen`: rewrites the committed files that are generated from the code.
//!
//! The test that proves them fresh also writes them, so that there is one generator and not two.

use anyhow::Result;

use crate::run;

pub(crate) fn command(_: &[String]) -> Result<()> {
    for package in ["conversation-api", "conversation-migrator", "conversation-operator", "conversation-chart-tests"] {
        let mut test = run::cargo();
        test.args(["test", "--package", package, "--test", "generated"]);
        run::run(test.env("UPDATE_GENERATED", "1"))?;
    }
    Ok(())
}
