//! The servers themselves: their versions, their clients, and what it is like when they are gone.

use std::time::Duration;

use anyhow::Result;
use conversation_testkit::control_plane::{Helm, Project, Version, output};
use conversation_testkit::{ControlPlane, until};

use crate::DEADLINE;

#[tokio::test]
async fn the_oldest_version_starts_and_tells_its_version() -> Result<()> {
    let plane = ControlPlane::start(Version::Oldest).await?;
    let version = plane.client()?.apiserver_version().await?;
    assert_eq!((version.major.as_str(), version.minor.as_str()), ("1", "33"), "{version:?}");
    Ok(())
}

#[tokio::test]
async fn kubectl_and_both_helms_find_the_control_plane() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let nodes = output(plane.kubectl(["get", "nodes", "--output=name"])?).await?;
    assert!(nodes.contains("node/fake-a"), "{nodes}");
    for (version, number) in [(Helm::V3, "v3."), (Helm::V4, "v4.")] {
        let told = output(plane.helm(version, ["version", "--short"])?).await?;
        assert!(told.starts_with(number), "{told}");
        output(plane.helm(version, ["list", "--all-namespaces"])?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_resources_of_other_projects_can_be_installed() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    plane.install(&Project::ALL).await?;
    let names = output(plane.kubectl(["api-resources", "--output=name"])?).await?;
    for name in ["servicemonitors", "scaledobjects", "httproutes", "applications", "helmreleases"] {
        assert!(names.contains(name), "{name} in:\n{names}");
    }
    Ok(())
}

#[tokio::test]
async fn an_api_server_that_was_paused_killed_and_restarted_serves_again() -> Result<()> {
    // One of its own, since the others would notice.
    let plane = ControlPlane::start(Version::Newest).await?;
    let client = plane.client()?;
    plane.pause()?;
    let answer = tokio::time::timeout(Duration::from_secs(1), client.apiserver_version()).await;
    assert!(answer.is_err(), "{answer:?}");
    plane.resume()?;
    client.apiserver_version().await?;

    plane.kill()?;
    assert!(plane.client()?.apiserver_version().await.is_err());
    plane.restart().await?;
    until(DEADLINE, "an answer to a client of before", async || client.apiserver_version().await.is_ok()).await
}
