//! What is in the packages of the charts.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use conversation_testkit::control_plane::Helm;

use super::support::{HELMS, charts, text, told, topologies_of};

#[test]
fn the_readmes_lead_to_every_topology_and_the_packages_have_them() -> Result<()> {
    for chart in charts() {
        let readme = std::fs::read_to_string(chart.join("README.md"))?;
        let linked: Vec<&str> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        for (name, _) in topologies_of(&chart)? {
            let file = format!("ci/{name}-values.yaml");
            assert!(linked.contains(&file.as_str()), "{} does not lead to {file}", chart.display());
        }
        for helm in HELMS {
            let files = packaged(helm, text(&chart))?;
            for link in linked.iter().filter(|link| !link.contains("://") && !link.starts_with("../")) {
                assert!(
                    files.iter().any(|file| file.ends_with(&format!("/{link}"))),
                    "{helm:?}: {link} is not in {files:?}"
                );
            }
            let tested = |file: &String| file.contains("/tests/") && !file.contains("/templates/");
            assert_eq!(files.iter().find(|file| tested(file)), None, "{helm:?}: tests are not part of the package");
        }
    }
    Ok(())
}

/// The files in the package that a Helm makes of a chart.
fn packaged(helm: Helm, chart: &str) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    told(helm, &["package", chart, "--destination", text(folder.path())])?;
    let package = folder.path().read_dir()?.next().context("a package")??.path();
    let output = Command::new("tar").args(["--list", "--gzip", "--file", text(&package)]).output().context("tar")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}
