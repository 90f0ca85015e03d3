//! The chart's own linters and unit tests.

use std::process::Command;

use anyhow::{Context, Result, bail};
use conversation_testkit::helm_unittest;

use super::support::{HELMS, chart, text, told, topologies};

#[test]
fn both_helms_lint_every_topology() -> Result<()> {
    let chart = chart();
    for helm in HELMS {
        for (name, values) in topologies()? {
            told(helm, &["lint", "--strict", text(&chart), "--values", text(&values)]).with_context(|| name)?;
        }
    }
    Ok(())
}

#[test]
fn the_unit_tests_of_the_chart_pass() -> Result<()> {
    // Without --update-snapshot a snapshot that differs fails; --strict refuses misspelt assertions.
    let output = Command::new(helm_unittest()?).args(["--strict", text(&chart())]).output().context("helm-unittest")?;
    if !output.status.success() {
        bail!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
