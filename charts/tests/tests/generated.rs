//! The charts' READMEs are what helm-docs makes of the values and their comments. `cargo xtask codegen` writes them anew.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use conversation_testkit::helm_docs;

#[test]
fn the_readmes_of_the_charts_are_fresh() -> Result<()> {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the folder of the charts")?;
    for entry in charts.read_dir()? {
        let chart = entry?.path();
        if !chart.join("README.md.gotmpl").is_file() {
            continue;
        }
        let mut command = Command::new(helm_docs()?);
        // In the order of the file, which is that of importance.
        command
            .args(["--dry-run", "--sort-values-order", "file", "--log-level", "warn", "--chart-search-root"])
            .arg(&chart);
        let output = command.output().context("helm-docs")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        let expected = format!("{}\n", String::from_utf8(output.stdout)?.trim_end());
        let file = chart.join("README.md");
        if env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&file, &expected)?;
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == expected, "{} is not fresh: run `cargo xtask codegen`", file.display());
        let undocumented: Vec<&str> =
            expected.lines().filter(|line| line.starts_with("| ") && line.ends_with("|  |")).collect();
        assert_eq!(undocumented, Vec::<&str>::new(), "values without a comment");
    }
    Ok(())
}
