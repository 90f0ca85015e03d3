//! The chart's own linters and unit tests.

use std::process::Command;

use anyhow::{Context, Result, bail};
use conversation_testkit::helm_unittest;

use super::support::{HELMS, chart, manifest, root, text, told, topologies};

#[test]
fn both_helms_lint_every_topology() -> Result<()> {
    let chart = chart();
    for helm in HELMS {
        let kind = ("kind".to_owned(), root().join("k8s/kind/service-values.yaml"));
        for (name, values) in topologies()?.into_iter().chain([kind]) {
            let lint = ["lint", "--strict", text(&chart), "--values", text(&values)];
            told(helm, &lint).and_then(|_| manifest(helm, &values, &[])).with_context(|| name)?;
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
