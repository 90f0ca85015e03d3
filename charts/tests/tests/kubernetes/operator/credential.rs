//! A service is declared, and its credential changed, by the commands of `k8s/README.md`, with pods that really run.

use std::fs;

use anyhow::{Context, Result, ensure};
use conversation_testkit::control_plane::{Helm, output};
use conversation_testkit::{ProcessNode, ReplicaSet, unique_database, until};
use mongodb::bson::{Document, doc};

use crate::DEADLINE;

use super::super::cluster::{kubectl, operator, text};
use super::super::shell::{Shell, block};
use super::super::support::{objects, root};
use super::alone;

#[tokio::test]
async fn a_credential_is_changed_as_the_readme_says_and_pods_keep_theirs_until_they_are_restarted() -> Result<()> {
    let (plane, _turn) = alone().await?;
    plane.process_node().await?;
    let definitions = text(&root().join("k8s/crds"));
    output(plane.kubectl(["apply", "--server-side", "--force-conflicts", "--kustomize", &definitions])?).await?;
    plane.established(&["crd/conversationservices.conversation.dev"]).await?;
    let (voice, shell) = (plane.restricted_namespace("voice").await?, Shell::new(plane, Helm::V4)?);
    let _operator = operator(plane, &voice)?;
    let set = ReplicaSet::shared().await?;
    // What tells one credential from the other here, where none is asked for.
    let uri = |name: &str| format!("{}&appName={name}", set.uri());
    let readme = |mark: &str| -> Result<String> {
        let block = block(&root().join("k8s/README.md"), mark)?;
        Ok(block.replace("--namespace voice", &format!("--namespace {voice}")))
    };

    // The sample, on the node and in the database of the test.
    let mut sample = objects(&fs::read_to_string(root().join("k8s/samples/minimal.yaml"))?)?.remove(0);
    sample["spec"]["pod"] = ProcessNode::placement();
    sample["spec"]["mongodb"]["database"] = unique_database().into();
    fs::write(shell.folder().join("minimal.yaml"), sample.to_string())?;
    let declare = readme("wait conversationservice/calls")?.replace("k8s/samples/minimal.yaml", "minimal.yaml");
    let declare = declare.replace("kubectl create namespace voice\n", "").replace("mongodb+srv://…", &uri("before"));
    let seen = shell.paste(&declare).await?;
    ensure!(seen.contains("conversationservice.conversation.dev/calls") && seen.contains("Ready"), "{seen}");

    let pods = async || {
        let names = ["get", "pods", "--selector=app.kubernetes.io/component=api", "--output=name"];
        kubectl(plane, &voice, &names).await
    };
    let first = pods().await?;
    let change = readme("--from-file=uri=uri.txt")?;
    // A connection string that no longer works shows what reads it: the next Job, and none of the pods.
    fs::write(shell.folder().join("uri.txt"), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")?;
    shell.paste(&change).await?;
    let index =
        r#"{"spec":{"indexes":[{"collection":"sessions","name":"by_agent","keys":[{"field":"metadata.agent"}]}]}}"#;
    kubectl(plane, &voice, &["patch", "conversationservice/calls", "--type=merge", "--patch", index]).await?;
    let degraded = "--for=condition=Degraded";
    kubectl(plane, &voice, &["wait", degraded, "--timeout=120s", "conversationschema/calls"]).await?;
    assert_eq!(pods().await?, first);

    fs::write(shell.folder().join("uri.txt"), uri("after"))?;
    shell.paste(&change).await?;
    let applied = "--for=jsonpath={.status.plan.outcome}=clean";
    kubectl(plane, &voice, &["wait", "--for=condition=Ready", "--timeout=120s", "conversationschema/calls"]).await?;
    kubectl(plane, &voice, &["wait", applied, "--timeout=120s", "conversationschema/calls"]).await?;
    assert_eq!(pods().await?, first);
    assert_eq!(connected(set, "after").await?, 0, "the pods keep what they began with");

    shell.paste(&readme("rollout restart deployment/calls")?).await?;
    until(DEADLINE, "the old pods to be gone", async || {
        pods().await.is_ok_and(|now| !now.is_empty() && first.lines().all(|pod| !now.contains(pod)))
    })
    .await?;
    ensure!(connected(set, "after").await? > 0, "the new pods have the new one");
    // The operator leaves the restart as it is.
    kubectl(plane, &voice, &["wait", "--for=condition=Ready", "--timeout=120s", "conversationservice/calls"]).await?;
    let restarted = r"--output=jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}";
    ensure!(!kubectl(plane, &voice, &["get", "deployment/calls", restarted]).await?.is_empty());
    Ok(())
}

/// How many connections there are by this name.
async fn connected(set: &ReplicaSet, name: &str) -> Result<usize> {
    let command = doc! {
        "aggregate": 1,
        "pipeline": [{"$currentOp": {"allUsers": true, "idleConnections": true}}, {"$match": {"appName": name}}],
        "cursor": {"batchSize": 1000},
    };
    let answer = set.client().await?.database("admin").run_command(command).await?;
    let found: &Document = answer.get_document("cursor").context("a cursor")?;
    Ok(found.get_array("firstBatch")?.len())
}
