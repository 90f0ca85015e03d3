//! The life of the operator's release, and of the definitions and objects that outlive it. Its pods are kwok's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use conversation_testkit::control_plane::{Helm, Namespace, output};
use conversation_testkit::{ControlPlane, until};
use serde_json::Value;

use crate::DEADLINE;

use super::super::cluster::{contents, helm, kubectl, text};
use super::super::support::{operator_chart, root};
use super::{OPERATOR, alone};

const DEFINITION: &str = "conversationservices.conversation.dev";
/// A field that the version before did not have.
const FIELD: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";

#[tokio::test]
async fn helm_3_upgrades_definitions_under_stored_objects_and_removes_all_but_them() -> Result<()> {
    lives(Helm::V3).await
}

#[tokio::test]
async fn helm_4_upgrades_definitions_under_stored_objects_and_removes_all_but_them() -> Result<()> {
    lives(Helm::V4).await
}

async fn lives(version: Helm) -> Result<()> {
    let (plane, _turn) = alone().await?;
    lives_on(plane, version).await
}

/// The whole life of a release on a control plane without anything of the operator's.
pub(crate) async fn lives_on(plane: &ControlPlane, version: Helm) -> Result<()> {
    let system = plane.restricted_namespace("system").await?;
    let users = plane.restricted_namespace("users").await?;
    let (in_namespace, of_cluster) = (contents(plane, &system).await?, of_cluster(plane).await?);
    let former = text(&former(plane.directory())?);
    let newer = text(&operator_chart());
    let values = text(&operator_chart().join("ci/minimal-values.yaml"));
    let options = ["--wait", "--timeout", "3m", "--values", &values];
    let run = async |arguments: &[&str], options: &[&str]| {
        let all = [arguments, options].concat();
        helm(plane, version, &system, &all).await.with_context(|| format!("{version:?} {arguments:?}"))
    };

    run(&["install", OPERATOR, &former], &options).await?;
    taken(plane, &users, "minimal").await?;
    taken(plane, &users, "schema-only").await?;
    let (definition, stored) = (identity(plane).await?, stored(plane, &users).await?);
    unknown(plane, &users).await.context("the version before does not know the field")?;

    run(&["upgrade", OPERATOR, &newer], &options).await?;
    assert_eq!(self::stored(plane, &users).await?, stored, "objects are as they were stored");
    taken(plane, &users, "paused").await.context("the upgrade reached the definition")?;

    run(&["rollback", OPERATOR, "1", "--wait", "--timeout", "3m"], &[]).await?;
    assert_eq!(
        self::stored(plane, &users).await?,
        stored,
        "the version before shows them without what it does not know"
    );
    unknown(plane, &users).await.context("the rollback took the field back")?;
    taken(plane, &users, "minimal").await?;

    run(&["upgrade", OPERATOR, &newer], &options).await?;
    run(&["uninstall", OPERATOR, "--wait"], &[]).await?;
    until(DEADLINE, "the namespace to be as it was", async || {
        contents(plane, &system).await.is_ok_and(|now| now == in_namespace)
    })
    .await?;
    let left: Vec<String> = self::of_cluster(plane).await?;
    let left: Vec<&String> = left.iter().filter(|name| !of_cluster.contains(name)).collect();
    assert!(left.len() == 2 && left.iter().all(|name| name.contains(".conversation.dev")), "{left:?}");

    // Installed again, it goes on where it was.
    run(&["install", OPERATOR, &newer], &options).await?;
    assert_eq!(identity(plane).await?, definition, "the definition was never another one");
    assert_eq!(
        self::stored(plane, &users).await?,
        stored,
        "what the version before did not know was dropped by a change"
    );
    run(&["uninstall", OPERATOR, "--wait"], &[]).await.map(drop)
}

#[tokio::test]
async fn a_release_without_the_definitions_leaves_them_when_they_are_turned_off() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let system = plane.restricted_namespace("off").await?;
    let (chart, values) = (text(&operator_chart()), text(&operator_chart().join("ci/minimal-values.yaml")));
    let options = [&chart, "--values", &values];
    for version in [Helm::V3, Helm::V4] {
        helm(plane, version, &system, &[&["install", OPERATOR], &options[..]].concat()).await?;
        let definition = identity(plane).await?;
        let off = [&["upgrade", OPERATOR], &options[..], &["--set", "crds.install=false"]].concat();
        helm(plane, version, &system, &off).await?;
        assert_eq!(identity(plane).await?, definition, "{version:?}");
        helm(plane, version, &system, &["uninstall", OPERATOR]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn definitions_that_kubectl_made_are_taken_over_when_helm_is_told_to() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let (chart, values) = (text(&operator_chart()), text(&operator_chart().join("ci/minimal-values.yaml")));
    for version in [Helm::V3, Helm::V4] {
        let system = plane.restricted_namespace("over").await?;
        let definitions = text(&root().join("k8s/crds"));
        output(plane.kubectl(["apply", "--server-side", "--force-conflicts", "--kustomize", &definitions])?).await?;
        let install = ["install", OPERATOR, &chart, "--values", &values];
        let refusal = helm(plane, version, &system, &install).await.expect_err("they are not the release's");
        assert!(format!("{refusal:#}").contains("invalid ownership metadata"), "{refusal:#}");
        helm(plane, version, &system, &[&install[..], &["--take-ownership"]].concat()).await?;
        helm(plane, version, &system, &["uninstall", OPERATOR]).await?;
        output(plane.kubectl(["delete", "--kustomize", &definitions])?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_second_release_leaves_the_definitions_to_the_first() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let (chart, values) = (text(&operator_chart()), text(&operator_chart().join("ci/minimal-values.yaml")));
    for version in [Helm::V3, Helm::V4] {
        let (one, two) = (plane.restricted_namespace("one").await?, plane.restricted_namespace("two").await?);
        let options = [&chart, "--values", &values, "--wait", "--timeout", "3m"];
        helm(plane, version, &one, &[&["install", "one"], &options[..]].concat()).await?;
        let (before, definition) = (of_cluster(plane).await?, identity(plane).await?);
        let second = [&["install", "two"], &options[..]].concat();
        let refusal = helm(plane, version, &two, &second).await.expect_err("they are the first release's");
        assert!(format!("{refusal:#}").contains("invalid ownership metadata"), "{refusal:#}");
        // As the README has it.
        let without = ["--set", "crds.install=false,userRoles.create=false"];
        helm(plane, version, &two, &[&second[..], &without].concat()).await?;
        helm(plane, version, &two, &["uninstall", "two", "--wait"]).await?;
        assert_eq!((of_cluster(plane).await?, identity(plane).await?), (before, definition), "{version:?}");
        helm(plane, version, &one, &["uninstall", "one", "--wait"]).await?;
        output(plane.kubectl(["delete", "--kustomize", &text(&root().join("k8s/crds"))])?).await?;
    }
    Ok(())
}

/// The chart of a release before this one, whose definition lacks a field.
fn former(directory: &Path) -> Result<PathBuf> {
    let former = directory.join("former").join(OPERATOR);
    copy(&operator_chart(), &former)?;
    let description = former.join("Chart.yaml");
    let text = fs::read_to_string(&description)?.replace("\nversion: 0.1.0", "\nversion: 0.0.1");
    fs::write(&description, text)?;
    let file = former.join("files/crds/conversationservices.yaml");
    let mut definition: Value = serde_yaml::from_str(&fs::read_to_string(&file)?)?;
    let fields = definition.pointer_mut(FIELD).and_then(Value::as_object_mut).context("fields")?;
    fields.remove("paused").context("the field paused")?;
    fs::write(&file, serde_yaml::to_string(&definition)?)?;
    Ok(former)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => fs::copy(entry.path(), to).map(drop)?,
        }
    }
    Ok(())
}

/// Applies a sample, with every field checked.
async fn sample(plane: &ControlPlane, namespace: &Namespace, name: &str) -> Result<()> {
    let file = text(&root().join(format!("k8s/samples/{name}.yaml")));
    let apply = ["apply", "--server-side", "--validate=strict", "--filename", &file];
    kubectl(plane, namespace, &apply).await.map(drop)
}

/// Applies a sample, waiting for a definition that was changed a moment ago to be served.
pub(super) async fn taken(plane: &ControlPlane, namespace: &Namespace, name: &str) -> Result<()> {
    let waited = until(DEADLINE, "the sample to be taken", async || sample(plane, namespace, name).await.is_ok()).await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => sample(plane, namespace, name).await.context(error),
    }
}

/// Waits until the definition that is served does not know the field that the current one has.
async fn unknown(plane: &ControlPlane, namespace: &Namespace) -> Result<()> {
    until(DEADLINE, "the field to be refused", async || match sample(plane, namespace, "paused").await {
        Ok(()) => false,
        Err(refusal) => format!("{refusal:#}").contains("paused: field not declared in schema"),
    })
    .await
}

/// The objects of both kinds as they are stored, without what every write changes.
pub(super) async fn stored(plane: &ControlPlane, namespace: &Namespace) -> Result<Vec<Value>> {
    let get = ["get", "conversationservices,conversationschemas", "--output=json"];
    let list: Value = serde_json::from_str(&kubectl(plane, namespace, &get).await?)?;
    let items = list["items"].as_array().context("items")?;
    Ok(items.iter().map(|item| serde_json::json!([item["metadata"]["uid"], item["spec"]])).collect())
}

/// Tells one definition from another that has its name.
async fn identity(plane: &ControlPlane) -> Result<String> {
    output(plane.kubectl(["get", "crd", DEFINITION, "--output=jsonpath={.metadata.uid}"])?).await
}

/// What a release may leave behind outside of its namespace.
pub(super) async fn of_cluster(plane: &ControlPlane) -> Result<Vec<String>> {
    let kinds = "crd,clusterrole,clusterrolebinding";
    let names = output(plane.kubectl(["get", kinds, "--output=name"])?).await?;
    Ok(names.lines().map(str::to_owned).collect())
}
