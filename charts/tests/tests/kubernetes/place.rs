//! A namespace with a real MongoDB behind its Secret, in which pods of the chart really run.

use anyhow::{Context, Result, ensure};
use conversation_testkit::control_plane::{Helm, Namespace};
use conversation_testkit::{ControlPlane, Process, ProcessNode, ReplicaSet, unique_database, until};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::DEADLINE;

use super::cluster::{file, helm, kubectl, operator, restricted, shared, text};
use super::support::{RELEASE, chart};

/// The Secret with the connection string.
pub(crate) const SECRET: &str = "conversations-mongodb";

/// Where a release lives.
pub(crate) struct Place {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) namespace: Namespace,
    pub(crate) database: String,
    pub(crate) mongodb: &'static ReplicaSet,
    node: &'static ProcessNode,
    values: String,
}

impl Place {
    /// A new one, with the migration gate that is named.
    pub(crate) async fn new(gate: &str) -> Result<Self> {
        let plane = shared().await?;
        let node = plane.process_node().await?;
        let mongodb = ReplicaSet::shared().await?;
        let namespace = restricted(plane, &format!("gate-{gate}")).await?;
        let database = unique_database();
        let mut migration = json!({ "gate": gate });
        if matches!(gate, "job" | "hook") {
            // Who fails here is looked at, and not repeated.
            migration["backoffLimit"] = 0.into();
        }
        let values = json!({
            "image": { "registry": "registry.example.com/voice" },
            "mongodb": { "existingSecret": SECRET, "database": database },
            "migration": migration,
            "replicas": 1,
            "shutdown": { "preStopSeconds": 1, "drainDelaySeconds": 0 },
            "probes": {
                "startup": { "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 60 },
                "readiness": { "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 3 },
            },
            "nodeSelector": ProcessNode::placement()["nodeSelector"],
            "tolerations": ProcessNode::placement()["tolerations"],
        });
        let values = file(plane, &format!("{namespace}-values"), &values.to_string())?;
        let place = Self { plane, namespace, database, mongodb, node, values };
        place.secret(SECRET, &mongodb.uri()).await?;
        Ok(place)
    }

    /// Makes a Secret with a connection string.
    pub(crate) async fn secret(&self, name: &str, uri: &str) -> Result<()> {
        let uri = format!("--from-literal=uri={uri}");
        self.kubectl(&["create", "secret", "generic", name, &uri]).await.map(drop)
    }

    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        kubectl(self.plane, &self.namespace, arguments).await
    }

    /// `helm upgrade --install`, with more options than the values of the place.
    pub(crate) async fn deploy(&self, version: Helm, options: &[&str]) -> Result<String> {
        let chart = text(&chart());
        let fixed = ["upgrade", "--install", RELEASE, &chart, "--values", &self.values];
        helm(self.plane, version, &self.namespace, &[&fixed[..], options].concat()).await
    }

    /// Any other Helm command.
    pub(crate) async fn helm(&self, version: Helm, arguments: &[&str]) -> Result<String> {
        helm(self.plane, version, &self.namespace, arguments).await
    }

    /// An operator that looks after the namespace, as the administrator; it ends when dropped.
    pub(crate) fn operator(&self) -> Result<Process> {
        operator(self.plane, &self.namespace)
    }

    /// The pods of the API: their names, and whether each is ready.
    pub(crate) async fn pods(&self) -> Result<Vec<(String, bool)>> {
        let pods: Api<Pod> = Api::namespaced(self.plane.client()?, self.namespace.name());
        let pods = pods.list(&ListParams::default().labels("app.kubernetes.io/component=api")).await?;
        Ok(pods.iter().map(|pod| (pod.name_any(), is_ready(pod))).collect())
    }

    /// Waits until the pods of the API are as wanted.
    pub(crate) async fn until_pods(&self, what: &str, wanted: impl Fn(&[(String, bool)]) -> bool) -> Result<()> {
        let waited = until(DEADLINE, what, async || self.pods().await.is_ok_and(|pods| wanted(&pods))).await;
        if waited.is_err() {
            let state = self.kubectl(&["get", "pods,jobs,deployments", "--output=wide"]).await?;
            return waited.with_context(|| state);
        }
        waited
    }

    /// The one pod that is ready.
    pub(crate) async fn ready_pod(&self) -> Result<String> {
        let mut ready = self.pods().await?.into_iter().filter(|(_, ready)| *ready).map(|(name, _)| name);
        let pod = ready.next().context("a ready pod")?;
        ensure!(ready.next().is_none(), "there is more than one ready pod");
        Ok(pod)
    }

    /// Creates a session at a pod, as a client would.
    pub(crate) async fn creates_a_session(&self, pod: &str) -> Result<()> {
        let url = self.node.pod_url(self.namespace.name(), pod, "http")?;
        let session = json!({ "sessionId": format!("session-of-{pod}"), "language": "en-US" });
        let answer = reqwest::Client::new().post(format!("{url}/v1/sessions")).json(&session).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(matches!(status, StatusCode::CREATED | StatusCode::OK), "{status}: {body}");
        Ok(())
    }

    /// What a pod says of its readiness, on the management port.
    pub(crate) async fn readiness(&self, pod: &str) -> Result<(StatusCode, String)> {
        let url = self.node.pod_url(self.namespace.name(), pod, "management")?;
        let answer = reqwest::get(format!("{url}/health/ready")).await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Waits for a Job that has failed, for its summary: the message with which its pod ended.
    pub(crate) async fn failed_summary(&self) -> Result<Value> {
        let jobs: Api<Job> = Api::namespaced(self.plane.client()?, self.namespace.name());
        let job = until(DEADLINE, "a failed Job", async || {
            let jobs = jobs.list(&ListParams::default()).await.ok()?;
            jobs.into_iter().find(|job| job.status.as_ref().and_then(|status| status.failed).unwrap_or_default() > 0)
        })
        .await?;
        let pods: Api<Pod> = Api::namespaced(self.plane.client()?, self.namespace.name());
        let of = ListParams::default().labels(&format!("job-name={}", job.name_any()));
        let pod = pods.list(&of).await?.into_iter().next().context("a pod of the Job")?;
        let container = pod.status.and_then(|status| status.container_statuses?.into_iter().next());
        let end = container.and_then(|container| container.state?.terminated).context("its end")?;
        let message = end.message.unwrap_or_default();
        serde_json::from_str(&message).with_context(|| message)
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
