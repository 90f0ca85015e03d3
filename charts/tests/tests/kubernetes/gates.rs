//! The migration gates with pods that really run on a real MongoDB: each makes the service ready, and when a migration
//! fails, the version before serves on.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use conversation_testkit::control_plane::Helm;
use conversation_testkit::product;
use mongodb::bson::{Document, doc};
use reqwest::StatusCode;

use super::place::{Place, SECRET};
use super::support::RELEASE;

/// Long against what a working release needs.
const WAIT: [&str; 3] = ["--wait", "--timeout", "3m"];
/// Long enough for a failing one to show itself.
const SHORTLY: [&str; 3] = ["--wait", "--timeout", "15s"];

#[tokio::test]
async fn the_gate_job_makes_a_waiting_installation_ready() -> Result<()> {
    makes_ready("job", Helm::V4).await
}

#[tokio::test]
async fn the_gate_hook_makes_a_waiting_installation_ready_by_helm_4() -> Result<()> {
    makes_ready("hook", Helm::V4).await
}

#[tokio::test]
async fn the_gate_hook_makes_a_waiting_installation_ready_by_helm_3() -> Result<()> {
    makes_ready("hook", Helm::V3).await
}

#[tokio::test]
async fn the_gate_init_makes_a_waiting_installation_ready() -> Result<()> {
    makes_ready("init", Helm::V3).await
}

#[tokio::test]
async fn the_gate_operator_makes_a_waiting_installation_ready() -> Result<()> {
    let place = Place::new("operator").await?;
    let _operator = place.operator()?;
    place.deploy(Helm::V4, &WAIT).await?;
    place.creates_a_session(&place.ready_pod().await?).await?;
    let ready = "--for=condition=Ready";
    place.kubectl(&["wait", ready, "--timeout=60s", "conversationschema/calls-conversation-service"]).await.map(drop)
}

/// A hook after the installation would wait for pods that wait for the hook.
async fn makes_ready(gate: &str, helm: Helm) -> Result<()> {
    let place = Place::new(gate).await?;
    place.deploy(helm, &WAIT).await?;
    let pod = place.ready_pod().await?;
    place.creates_a_session(&pod).await?;
    place.helm(helm, &["test", RELEASE, "--timeout", "5m"]).await?;
    // The same again, as the README has it, is a rollout of nothing.
    place.deploy(helm, &[&WAIT[..], &["--wait-for-jobs"]].concat()).await?;
    assert_eq!(place.ready_pod().await?, pod);
    Ok(())
}

#[tokio::test]
async fn without_a_gate_pods_wait_for_whoever_makes_the_schema() -> Result<()> {
    let place = Place::new("none").await?;
    place.deploy(Helm::V4, &[]).await?;
    place.until_pods("a pod", |pods| !pods.is_empty()).await?;
    let pod = place.pods().await?.remove(0).0;
    let (status, body) = until_answered(&place, &pod).await?;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    ensure!(body.contains("conversation-migrator apply"), "{body}");

    let mut migrator = Command::new(product("conversation-migrator")?);
    migrator.args(["apply", "--yes", "--mongodb-uri", &place.mongodb.uri(), "--mongodb-database", &place.database]);
    let output = migrator.output().context("migrator")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    place.until_pods("a ready pod", |pods| pods.iter().all(|(_, ready)| *ready)).await?;
    place.creates_a_session(&pod).await
}

#[tokio::test]
async fn a_failed_migration_leaves_the_old_version_serving_under_the_gate_job() -> Result<()> {
    let (place, old) = fails("job").await?;
    let summary = place.failed_summary().await?;
    assert_eq!(summary["outcome"], "blocked", "{summary}");
    let problem = summary["blocked"][0]["problem"].as_str().unwrap_or_default();
    ensure!(problem.starts_with("sessions has an index retention already"), "{summary}");
    new_pods_are_not_ready(&place, &old).await
}

#[tokio::test]
async fn a_failed_migration_leaves_the_old_version_serving_under_the_gate_init() -> Result<()> {
    let (place, old) = fails("init").await?;
    new_pods_are_not_ready(&place, &old).await
}

#[tokio::test]
async fn a_failed_migration_leaves_the_release_untouched_under_the_gate_hook() -> Result<()> {
    let (place, old) = fails("hook").await?;
    assert_eq!(place.pods().await?, [(old, true)]);
    Ok(())
}

/// Upgrades to a version whose schema is not there, because the database is an empty one, and whose migration is refused.
async fn fails(gate: &str) -> Result<(Place, String)> {
    let place = Place::new(gate).await?;
    place.deploy(Helm::V4, &WAIT).await?;
    let old = place.ready_pod().await?;
    let database = format!("mongodb.database={}-next", place.database);
    let refused = r#"migration.declaration.indexes=[{"collection":"sessions","name":"retention","keys":[{"field":"a","order":"ascending"}]}]"#;
    let newer = ["--set", "image.tag=0.2.0", "--set", &database, "--set-json", refused];
    let failure = place.deploy(Helm::V4, &[&newer[..], &SHORTLY].concat()).await;
    ensure!(failure.is_err(), "an upgrade whose migration fails is a failed upgrade");
    place.creates_a_session(&old).await?;
    Ok((place, old))
}

async fn new_pods_are_not_ready(place: &Place, old: &str) -> Result<()> {
    let one_of_each =
        |pods: &[(String, bool)]| pods.len() == 2 && pods.iter().all(|(pod, ready)| *ready == (pod == old));
    place.until_pods("the old pod to be ready and the new one not to be", one_of_each).await?;
    place.creates_a_session(old).await?;
    // Taking it back ends the new pod and leaves the old one alone.
    place.helm(Helm::V4, &["rollback", RELEASE, "--wait", "--timeout", "3m"]).await?;
    place.until_pods("the old pod alone", |pods| pods.len() == 1).await?;
    assert_eq!(place.ready_pod().await?, old);
    Ok(())
}

#[tokio::test]
async fn a_failed_job_runs_again_when_it_is_told_to() -> Result<()> {
    let place = Place::new("job").await?;
    place.secret("migrator", "nonsense://").await?;
    let values = ["--set", "migration.mongodb.existingSecret=migrator"];
    place.deploy(Helm::V4, &values).await?;
    assert_eq!(place.failed_summary().await?["outcome"], "error");
    place.until_pods("a pod", |pods| !pods.is_empty()).await?;

    place.kubectl(&["delete", "secret", "migrator"]).await?;
    place.secret("migrator", &place.mongodb.uri()).await?;
    let again = [&values[..], &["--set-string", "migration.rerun=1"], &WAIT].concat();
    place.deploy(Helm::V4, &again).await?;
    place.creates_a_session(&place.ready_pod().await?).await
}

#[tokio::test]
async fn what_deletes_waits_for_its_approval() -> Result<()> {
    let place = Place::new("job").await?;
    place.deploy(Helm::V4, &WAIT).await?;
    // There is nothing to lose in an empty database.
    place.creates_a_session(&place.ready_pod().await?).await?;
    let retention = ["--set", "migration.declaration.retentionDays=90"];
    place.deploy(Helm::V4, &retention).await?;
    let summary = place.failed_summary().await?;
    assert_eq!(summary["outcome"], "blocked", "{summary}");
    let approval = format!("migration.approve={}", summary["approval"].as_str().context("an approval")?);
    // No pod of the API changes, so the Job is all that there is to wait for before the test looks.
    let approved = [&retention[..], &["--set-string", &approval, "--wait-for-jobs"], &WAIT].concat();
    place.deploy(Helm::V4, &approved).await?;
    place.creates_a_session(&place.ready_pod().await?).await?;
    place.helm(Helm::V4, &["test", RELEASE, "--timeout", "5m"]).await?;
    // An approval that is left in the values does no harm to what is done.
    place.deploy(Helm::V4, &[&approved[..], &["--set-string", "migration.rerun=1"]].concat()).await?;
    Ok(())
}

#[tokio::test]
async fn a_rollback_serves_on_a_newer_schema_under_every_gate() -> Result<()> {
    for gate in ["job", "init", "hook"] {
        let place = Place::new(gate).await?;
        place.deploy(Helm::V4, &WAIT).await?;
        place.deploy(Helm::V4, &[&["--set", "image.tag=0.2.0"], &WAIT[..]].concat()).await?;
        newer_schema(&place).await?;
        place
            .helm(Helm::V4, &["rollback", RELEASE, "1", "--wait", "--timeout", "3m"])
            .await
            .context(gate.to_owned())?;
        place.until_pods("the pod of the version before", |pods| pods.len() == 1).await?;
        place.creates_a_session(&place.ready_pod().await?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_missing_secret_is_named_and_pods_start_when_it_is_there() -> Result<()> {
    let place = Place::new("job").await?;
    place.kubectl(&["delete", "secret", SECRET]).await?;
    place.deploy(Helm::V4, &[]).await?;
    place.until_pods("a pod", |pods| !pods.is_empty()).await?;
    let reasons = "--output=jsonpath={.items[*].status.containerStatuses[*].state.waiting.message}";
    conversation_testkit::until(crate::DEADLINE, "pods that name the Secret", async || {
        place.kubectl(&["get", "pods", reasons]).await.is_ok_and(|said| said.contains(SECRET))
    })
    .await?;
    place.secret(SECRET, &place.mongodb.uri()).await?;
    place.until_pods("a ready pod", |pods| pods.iter().any(|(_, ready)| *ready)).await
}

#[tokio::test]
async fn the_connection_string_may_be_a_file() -> Result<()> {
    let place = Place::new("job").await?;
    // As of a Secret here, and of a driver for secrets elsewhere.
    let volumes = format!(r#"[{{"name":"uri","secret":{{"secretName":"{SECRET}"}}}}]"#);
    let mounts = r#"[{"name":"uri","mountPath":"/mnt/secrets","readOnly":true}]"#;
    let mounted = ["extraVolumes", "migration.extraVolumes"].map(|value| format!("{value}={volumes}"));
    let places = ["extraVolumeMounts", "migration.extraVolumeMounts"].map(|value| format!("{value}={mounts}"));
    let values = mounted.iter().chain(&places).flat_map(|value| ["--set-json", value.as_str()]);
    let file = ["--set", "mongodb.existingSecret=,mongodb.uriFile=/mnt/secrets/uri"];
    let values: Vec<&str> = values.chain(file).chain(WAIT).collect();
    place.deploy(Helm::V4, &values).await?;
    place.creates_a_session(&place.ready_pod().await?).await?;
    place.helm(Helm::V4, &["test", RELEASE, "--timeout", "5m"]).await.map(drop)
}

/// Makes the schema one of a later release, as far as the record of it goes.
async fn newer_schema(place: &Place) -> Result<()> {
    let migrations = place.mongodb.client().await?.database(&place.database).collection::<Document>("migrations");
    let changed = migrations.update_one(doc! { "_id": "schema" }, doc! { "$inc": { "version": 1 } }).await?;
    ensure!(changed.modified_count == 1, "there is a record of the schema");
    Ok(())
}

async fn until_answered(place: &Place, pod: &str) -> Result<(StatusCode, String)> {
    conversation_testkit::until(crate::DEADLINE, "an answer", async || place.readiness(pod).await.ok()).await
}
