//! The charts and the manifests live on the oldest Kubernetes that is supported as they do on the newest. Pods are kwok's.

use anyhow::Result;
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::{Helm, Version, output};

use super::cluster::prepare;
use super::operator::{life, readme};
use super::release;
use super::shell::Shell;
use super::support::HELMS;

#[tokio::test]
async fn on_the_oldest_kubernetes_everything_is_installed_upgraded_taken_back_and_removed() -> Result<()> {
    // Its programs end with the test process.
    let plane: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Version::Oldest).await?));
    for helm in HELMS {
        life::lives_on(plane, helm).await?;
        output(plane.kubectl(["delete", "crd", "--all", "--timeout=60s"])?).await?;
    }
    readme::overlay(plane, &Shell::new(plane, Helm::V4)?).await?;
    prepare(plane).await?;
    for helm in HELMS {
        release::lives_on(plane, helm, &["minimal", "hook", "operator"]).await?;
    }
    Ok(())
}
