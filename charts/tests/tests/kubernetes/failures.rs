//! Releases whose migration fails: what Helm says, what stays, what is repeated, and how it is taken back.

use anyhow::{Context, Result, ensure};
use conversation_testkit::control_plane::Helm;
use conversation_testkit::{ReplicaSet, until};
use serde_json::Value;

use crate::DEADLINE;

use super::place::Place;
use super::support::{HELMS, RELEASE, chart};

/// As the README has it. Long against what a working release needs, and against taking one back.
const WAIT: [&str; 4] = ["--wait", "--wait-for-jobs", "--timeout", "3m"];
/// The same for one that fails: whoever waits for it waits in vain.
const SHORTLY: [&str; 4] = ["--wait", "--wait-for-jobs", "--timeout", "40s"];
/// What the migrator refuses, so that a person must decide.
const REFUSED: &str = r#"migration.declaration.indexes=[{"collection":"sessions","name":"retention","keys":[{"field":"a","order":"ascending"}]}]"#;

/// The names of the Jobs in the namespace.
async fn jobs(place: &Place) -> Result<Vec<String>> {
    let names = place.kubectl(&["get", "jobs", "--output=name"]).await?;
    Ok(names.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn an_upgrade_that_fails_is_taken_back_with_its_job_by_helm_4() -> Result<()> {
    is_taken_back(Helm::V4, "--rollback-on-failure").await
}

#[tokio::test]
async fn an_upgrade_that_fails_is_taken_back_with_its_job_by_helm_3() -> Result<()> {
    is_taken_back(Helm::V3, "--atomic").await
}

async fn is_taken_back(helm: Helm, option: &str) -> Result<()> {
    let place = Place::new("job").await?;
    place.deploy(helm, &WAIT).await?;
    let (old, job) = (place.ready_pod().await?, jobs(&place).await?);

    let database = format!("mongodb.database={}-next", place.database);
    let newer = ["--set", "image.tag=0.2.0", "--set", &database, "--set-json", REFUSED, option];
    let failure = place.deploy(helm, &[&newer[..], &SHORTLY].concat()).await.err().context("it is a failed upgrade")?;
    place.until_pods("the old pod alone", |pods| pods.len() == 1).await.with_context(|| format!("{failure:#}"))?;
    assert_eq!(place.ready_pod().await?, old);
    place.creates_a_session(&old).await?;
    until(DEADLINE, "the Job to be gone", async || jobs(&place).await.is_ok_and(|now| now == job)).await?;
    let history: Value = serde_json::from_str(&place.helm(helm, &["history", RELEASE, "--output", "json"]).await?)?;
    let statuses: Vec<&str> = history.as_array().into_iter().flatten().filter_map(|it| it["status"].as_str()).collect();
    assert_eq!(statuses, ["superseded", "failed", "deployed"], "{history}");
    Ok(())
}

#[tokio::test]
async fn a_migration_that_fails_beside_pods_that_stay_is_told_only_to_whoever_waits_for_jobs() -> Result<()> {
    for helm in HELMS {
        let place = Place::new("job").await?;
        place.deploy(helm, &WAIT).await?;
        let (old, job) = (place.ready_pod().await?, jobs(&place).await?);
        let silent = ["--set-json", REFUSED, "--wait", "--timeout", "3m"];
        place.deploy(helm, &silent).await.context("nothing of the pods changes, so that Helm sees nothing fail")?;
        assert_eq!(place.failed_summary().await?["outcome"], "blocked");
        let told = [&["--set-json", REFUSED, "--set-string", "migration.rerun=1"], &SHORTLY[..]].concat();
        ensure!(place.deploy(helm, &told).await.is_err(), "{helm:?} waits for the Job that fails");
        assert_eq!(place.ready_pod().await?, old);

        // The Job of the failed upgrade is nobody's any more, until it is deleted as the README has it.
        place.deploy(helm, &[&["--set-string", "migration.rerun=2"], &WAIT[..]].concat()).await?;
        let left = jobs(&place).await?;
        assert!(left.len() == 2 && !left.contains(&job[0]), "{left:?}");
        let readme = std::fs::read_to_string(chart().join("README.md"))?.replace("\n  ", " ");
        let command =
            readme.split("`kubectl --namespace voice delete job --selector ").nth(1).context("the command")?;
        let selector = command.split('`').next().unwrap_or_default().trim();
        place.kubectl(&["delete", "job", "--selector", selector]).await?;
        assert_eq!(jobs(&place).await?, [] as [String; 0]);
    }
    Ok(())
}

#[tokio::test]
async fn the_job_of_an_upgrade_that_failed_stays_until_a_rollback() -> Result<()> {
    let place = Place::new("job").await?;
    place.deploy(Helm::V4, &WAIT).await?;
    let first = jobs(&place).await?;
    let failing = ["--set", "image.tag=0.2.0", "--set-json", REFUSED];
    ensure!(place.deploy(Helm::V4, &[&failing[..], &SHORTLY].concat()).await.is_err(), "it is a failed upgrade");
    let failed = jobs(&place).await?;
    assert!(failed.iter().any(|job| !first.contains(job)), "{failed:?}");
    place.helm(Helm::V4, &["rollback", RELEASE, "1", "--wait", "--timeout", "3m"]).await?;
    until(DEADLINE, "the Job to be gone", async || jobs(&place).await.is_ok_and(|now| now == first)).await?;
    place.until_pods("a pod of the first version", |pods| pods.len() == 1).await?;
    place.creates_a_session(&place.ready_pod().await?).await
}

#[tokio::test]
async fn what_a_person_must_decide_is_not_repeated_and_what_failed_for_now_is() -> Result<()> {
    let place = Place::new("job").await?;
    place.secret("away", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200").await?;
    let limit = ["--set", "migration.backoffLimit=1"];
    for (values, pods) in [(["--set-json", REFUSED], 1), (["--set", "migration.mongodb.existingSecret=away"], 2)] {
        place.deploy(Helm::V4, &[&limit[..], &values].concat()).await?;
        let job = until(DEADLINE, "a failed Job", async || {
            let list = place.kubectl(&["get", "jobs", "--output=json"]).await.ok()?;
            let list: Value = serde_json::from_str(&list).ok()?;
            let has_failed = |job: &Value| {
                let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
                conditions.into_iter().any(|it| it["type"] == "Failed" && it["status"] == "True")
            };
            list["items"].as_array()?.iter().find(|job| has_failed(job)).cloned()
        })
        .await?;
        assert_eq!(job["status"]["failed"], pods, "{values:?}: {job}");
        place.helm(Helm::V4, &["uninstall", RELEASE, "--wait"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_failed_migration_leaves_the_old_version_serving_under_the_gate_operator() -> Result<()> {
    let place = Place::new("operator").await?;
    let _operator = place.operator()?;
    place.deploy(Helm::V4, &WAIT).await?;
    let old = place.ready_pod().await?;
    // Another database, which lacks the schema that pods wait for; its name cannot change under the operator.
    let empty = ReplicaSet::start(1).await?;
    place.secret("empty", &empty.uri()).await?;
    let newer = ["--set", "image.tag=0.2.0,mongodb.existingSecret=empty", "--set-json", REFUSED];
    ensure!(place.deploy(Helm::V4, &[&newer[..], &SHORTLY].concat()).await.is_err(), "it is a failed upgrade");
    let one_of_each =
        |pods: &[(String, bool)]| pods.len() == 2 && pods.iter().all(|(pod, ready)| *ready == (*pod == old));
    place.until_pods("the old pod to be ready and the new one not to be", one_of_each).await?;
    place.creates_a_session(&old).await?;
    let said = "--output=jsonpath={.status.conditions[*].message}";
    let said = place.kubectl(&["get", "conversationschema", "calls-conversation-service", said]).await?;
    ensure!(said.contains("sessions has an index retention already"), "{said}");
    place.helm(Helm::V4, &["rollback", RELEASE, "1", "--wait", "--timeout", "3m"]).await?;
    place.until_pods("the old pod alone", |pods| pods.len() == 1).await?;
    assert_eq!(place.ready_pod().await?, old);
    Ok(())
}
