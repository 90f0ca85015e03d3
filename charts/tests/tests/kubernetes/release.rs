//! The life of a release: installed, upgraded from the chart before, taken back and removed. Its pods are kwok's, so they
//! become ready at once; `gates` has pods that really run.

use std::path::PathBuf;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::{Helm, Namespace};
use conversation_testkit::{ControlPlane, until};

use crate::DEADLINE;

use super::cluster::{contents, helm, kubectl, restricted, shared, text};
use super::shell::{Shell, block};
use super::support::{HELMS, RELEASE, chart, root, topology};

#[tokio::test]
async fn helm_3_upgrades_takes_back_and_removes_a_release() -> Result<()> {
    lives(Helm::V3).await
}

#[tokio::test]
async fn helm_4_upgrades_takes_back_and_removes_a_release() -> Result<()> {
    lives(Helm::V4).await
}

async fn lives(version: Helm) -> Result<()> {
    lives_on(shared().await?, version, &["minimal", "locked-down", "hook", "init", "operator"]).await
}

/// The whole life of a release of each topology on a control plane that has what they speak of.
pub(crate) async fn lives_on(plane: &ControlPlane, version: Helm, topologies: &[&str]) -> Result<()> {
    for topology_name in topologies {
        let namespace = restricted(plane, &format!("life-{topology_name}")).await?;
        let before = contents(plane, &namespace).await?;
        let values = text(&topology(topology_name));
        let options = ["--wait", "--timeout", "3m", "--values", &values];
        let run = async |arguments: &[&str], options: &[&str]| {
            let all = [arguments, options].concat();
            helm(plane, version, &namespace, &all).await.with_context(|| format!("{version:?} {topology_name}"))
        };
        let (former, newer) = (text(&previous()?), text(&chart()));

        run(&["install", RELEASE, &former], &options).await?;
        let installed = labelled(plane, &namespace).await?;
        run(&["upgrade", RELEASE, &newer], &options).await?;
        assert_ne!(labelled(plane, &namespace).await?, installed, "the upgrade is another chart");
        run(&["rollback", RELEASE, "1", "--wait", "--timeout", "3m"], &[]).await?;
        assert_eq!(labelled(plane, &namespace).await?, installed, "the rollback is the first chart again");
        run(&["uninstall", RELEASE, "--wait"], &[]).await?;

        // Helm leaves hooks behind, as the chart's README says, and nothing else.
        let hooks = if *topology_name == "hook" { vec!["job.batch", "pod"] } else { vec![] };
        until(DEADLINE, "hooks alone to be left", async || {
            let now = contents(plane, &namespace).await.unwrap_or_default();
            let left = now.iter().filter(|name| !before.contains(name)).filter_map(|name| name.split('/').next());
            left.collect::<Vec<_>>() == hooks
        })
        .await
        .with_context(|| format!("{version:?} {topology_name}"))?;
        let readme = std::fs::read_to_string(chart().join("README.md"))?;
        let command = readme.split("`kubectl --namespace voice delete job,pod ").nth(1).context("the command")?;
        let arguments = command.split('`').next().unwrap_or_default().split_whitespace();
        kubectl(plane, &namespace, &["delete", "job,pod"].into_iter().chain(arguments).collect::<Vec<_>>()).await?;
        until(DEADLINE, "the namespace to be as it was", async || {
            contents(plane, &namespace).await.is_ok_and(|now| now == before)
        })
        .await
        .with_context(|| format!("{version:?} {topology_name}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn an_uninstalled_release_leaves_nothing_by_itself() -> Result<()> {
    let plane = shared().await?;
    let namespace = restricted(plane, "nothing").await?;
    let before = contents(plane, &namespace).await?;
    let (values, chart) = (text(&topology("locked-down")), text(&chart()));
    let install = ["install", RELEASE, &chart, "--wait", "--values", &values];
    helm(plane, Helm::V4, &namespace, &install).await?;
    let during = contents(plane, &namespace).await?;
    assert!(during.len() > before.len() + 10, "{during:?}");
    helm(plane, Helm::V4, &namespace, &["uninstall", RELEASE]).await?;
    until(DEADLINE, "the namespace to be as it was", async || {
        contents(plane, &namespace).await.is_ok_and(|now| now == before)
    })
    .await
    .with_context(|| format!("{during:?}"))
}

#[tokio::test]
async fn an_upgrade_leaves_the_autoscaler_its_pods() -> Result<()> {
    let plane = shared().await?;
    for version in [Helm::V3, Helm::V4] {
        let namespace = restricted(plane, "autoscaled").await?;
        let (values, chart) = (text(&topology("autoscaling")), text(&chart()));
        let options = ["--wait", "--timeout", "3m", "--values", &values];
        helm(plane, version, &namespace, &[&["install", RELEASE, &chart], &options[..]].concat()).await?;
        let deployment = format!("deployment/{RELEASE}-conversation-service");
        // The autoscaler writes the same subresource; here are no metrics that it could scale by.
        kubectl(plane, &namespace, &["scale", &deployment, "--replicas=7"]).await?;
        let upgrade = ["upgrade", RELEASE, &chart, "--set", "settings.LOG_LEVEL=debug"];
        helm(plane, version, &namespace, &[&upgrade[..], &options].concat()).await?;
        let replicas = ["get", &deployment, "--output=jsonpath={.spec.replicas}"];
        assert_eq!(kubectl(plane, &namespace, &replicas).await?, "7", "{version:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_rendered_is_applied_and_upgraded_without_helm_as_the_readme_says() -> Result<()> {
    let plane = shared().await?;
    let readme = chart().join("README.md");
    for version in HELMS {
        let (namespace, shell) = (restricted(plane, "rendered").await?, Shell::new(plane, version)?);
        let apply = block(&readme, "--skip-tests")?.replace("namespace voice", &format!("namespace {namespace}"));
        let values = std::fs::read_to_string(topology("minimal"))?;
        let jobs = async || kubectl(plane, &namespace, &["get", "jobs", "--output=name"]).await;
        let mut known = String::new();
        for tag in ["0.1.0", "0.2.0"] {
            let of_version = format!("{values}\nmigration: {{ image: {{ tag: {tag} }} }}\n");
            std::fs::write(shell.folder().join("calls.yaml"), of_version)?;
            if !known.is_empty() {
                let readme = std::fs::read_to_string(&readme)?.replace("\n  ", " ");
                let selector = readme.split("voice delete job --selector ").nth(1).context("the selector")?;
                let selector = selector.split('`').next().unwrap_or_default();
                kubectl(plane, &namespace, &["delete", "job", "--selector", selector]).await?;
            }
            shell.paste(&apply).await?;
            let deployment = format!("deployment/{RELEASE}-conversation-service");
            kubectl(plane, &namespace, &["rollout", "status", &deployment, "--timeout=3m"]).await?;
            let now = jobs().await?;
            assert!(now.lines().count() == 1 && now != known, "{version:?} {now}");
            assert!(!kubectl(plane, &namespace, &["get", "pods", "--output=name"]).await?.contains("-test-"));
            known = now;
        }
    }
    Ok(())
}

/// The chart as it was released before this one.
pub(crate) fn previous() -> Result<PathBuf> {
    let folder = root().join("charts/tests/previous");
    let packages = folder.read_dir()?.map(|entry| Ok(entry?.path()));
    let mut packages = packages.collect::<Result<Vec<_>>>()?;
    packages.sort();
    packages.pop().context("a chart in charts/tests/previous")
}

async fn labelled(plane: &ControlPlane, namespace: &Namespace) -> Result<String> {
    let deployment = format!("deployment/{RELEASE}-conversation-service");
    kubectl(plane, namespace, &["get", &deployment, r"--output=jsonpath={.metadata.labels.helm\.sh/chart}"]).await
}
