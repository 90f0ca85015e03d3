//! The charts' own linters and unit tests.

use std::process::Command;

use anyhow::{Context, Result, bail};
use conversation_testkit::helm_unittest;

use super::support::{HELMS, charts, manifest, root, text, told, topologies_of};

#[test]
fn both_helms_lint_every_topology() -> Result<()> {
    for (helm, chart) in HELMS.into_iter().flat_map(|helm| charts().map(|chart| (helm, chart))) {
        for (name, values) in topologies_of(&chart)? {
            told(helm, &["lint", "--strict", text(&chart), "--values", text(&values)]).with_context(|| name)?;
        }
    }
    Ok(())
}

#[test]
fn both_helms_take_the_values_for_kind() -> Result<()> {
    let values = root().join("k8s/kind/service-values.yaml");
    HELMS.into_iter().try_for_each(|helm| manifest(helm, &values, &[]).map(drop))
}

#[test]
fn the_unit_tests_of_the_charts_pass() -> Result<()> {
    for chart in charts() {
        // Without --update-snapshot a snapshot that differs fails; --strict refuses misspelt assertions.
        let mut command = Command::new(helm_unittest()?);
        let output = command.args(["--strict", text(&chart)]).output().context("helm-unittest")?;
        if !output.status.success() {
            bail!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
    }
    Ok(())
}
