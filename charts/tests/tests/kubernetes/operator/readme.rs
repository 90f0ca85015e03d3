//! The commands of `k8s/README.md`, each block of them run as it is pasted. Pods of the operator's manifests are kwok's; where
//! an operator is to work, it is a process.

use std::fs;

use anyhow::{Context, Result};
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::Helm;

use super::super::cluster::{contents, kubectl, operator};
use super::super::shell::{Shell, block};
use super::super::support::root;
use super::alone;
use super::life::{of_cluster, stored, taken};

fn readme(mark: &str) -> Result<String> {
    block(&root().join("k8s/README.md"), mark)
}

#[tokio::test]
async fn the_overlay_is_installed_upgraded_and_removed_as_its_readme_says() -> Result<()> {
    let (plane, _turn) = alone().await?;
    overlay(plane, &Shell::new(plane, Helm::V4)?).await
}

/// Installs, upgrades and removes the overlay for all namespaces.
pub(crate) async fn overlay(plane: &ControlPlane, shell: &Shell) -> Result<()> {
    let users = plane.restricted_namespace("users").await?;
    let before = of_cluster(plane).await?;
    shell.paste(&readme("rollout status deployment/conversation-operator")?).await?;
    taken(plane, &users, "minimal").await?;
    let declared = stored(plane, &users).await?;
    let upgrade = fs::read_to_string(root().join("k8s/README.md"))?;
    let (_, upgrade) = upgrade.split_once("\n## Upgrade and remove\n").context("a heading")?;
    let upgrade = upgrade.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).context("a block")?;
    shell.paste(upgrade).await?;
    assert_eq!(stored(plane, &users).await?, declared);
    shell.paste(&readme("delete namespace conversation-system")?).await?;
    only_the_definitions_are_left(plane, &before).await?;
    assert_eq!(stored(plane, &users).await?, declared);
    Ok(())
}

#[tokio::test]
async fn who_installed_by_helm_goes_over_to_the_overlay_as_its_readme_says() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let shell = Shell::new(plane, Helm::V4)?;
    let users = plane.restricted_namespace("users").await?;
    let before = of_cluster(plane).await?;
    let charts_readme = root().join("charts/conversation-operator/README.md");
    shell.paste(&block(&charts_readme, "--create-namespace --wait")?).await?;
    taken(plane, &users, "minimal").await?;
    let declared = stored(plane, &users).await?;
    shell.paste(&readme("uninstall conversation-operator --wait")?).await?;
    assert_eq!(stored(plane, &users).await?, declared);
    // From now on they are the overlay's, and no force is needed.
    shell.paste(&readme("rollout status deployment/conversation-operator")?).await?;
    shell.paste(&readme("delete namespace conversation-system")?).await?;
    only_the_definitions_are_left(plane, &before).await
}

#[tokio::test]
async fn the_overlay_of_one_namespace_is_removed_and_what_the_operator_made_stays() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let shell = Shell::new(plane, Helm::V4)?;
    let voice = plane.namespace("voice").await?;
    let (before, empty) = (of_cluster(plane).await?, contents(plane, &voice).await?);
    // Its name is in one line of the overlay.
    let overlay = fs::read_to_string(root().join("k8s/overlays/single-namespace/kustomization.yaml"))?;
    let overlay = overlay.replace("\nnamespace: voice\n", &format!("\nnamespace: {voice}\n"));
    fs::create_dir(shell.folder().join("mine"))?;
    fs::write(shell.folder().join("mine/kustomization.yaml"), overlay.replace("../../base", "../k8s/base"))?;
    shell.paste("kubectl apply --server-side -k mine").await?;
    let by_overlay = contents(plane, &voice).await?;
    assert!(by_overlay.contains(&"role.rbac.authorization.k8s.io/conversation-operator".to_owned()), "{by_overlay:?}");

    taken(plane, &voice, "minimal").await?;
    let policy = r#"{"spec":{"migration":{"policy":"None"}}}"#;
    kubectl(plane, &voice, &["patch", "conversationservice/calls", "--type=merge", "--patch", policy]).await?;
    let operator = operator(plane, &voice)?;
    kubectl(plane, &voice, &["wait", "--for=condition=Ready", "--timeout=90s", "conversationservice/calls"]).await?;
    // Who works no more changes nothing behind the test's back.
    operator.terminate()?;
    operator.wait(crate::DEADLINE).await?;

    let remove = readme("kubectl --namespace voice delete deployment,")?;
    shell.paste(&remove.replace("--namespace voice", &format!("--namespace {voice}"))).await?;
    only_the_definitions_are_left(plane, &before).await?;
    let left = contents(plane, &voice).await?;
    for kind in ["deployment.apps", "service", "serviceaccount", "poddisruptionbudget.policy"] {
        let of_service = format!("{kind}/calls");
        assert!(left.contains(&of_service), "{of_service} is not in {left:?}");
    }
    let stays = left.iter().filter(|name| name.ends_with("/conversation-operator"));
    let stays: Vec<&String> = stays.filter(|name| !empty.contains(name)).collect();
    assert_eq!(stays, [] as [&String; 0]);
    Ok(())
}

/// Nothing but the two definitions, compared with before.
async fn only_the_definitions_are_left(plane: &ControlPlane, before: &[String]) -> Result<()> {
    let left = of_cluster(plane).await?;
    let left: Vec<&String> = left.iter().filter(|name| !before.contains(name)).collect();
    assert!(left.len() == 2 && left.iter().all(|name| name.contains(".conversation.dev")), "{left:?}");
    Ok(())
}
