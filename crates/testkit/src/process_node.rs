//! A node whose pods really run: each container is a local process of one of this project's programs.
//!
//! A pod gets here by the node selector `conversation.dev/node: process` and a toleration of the taint of that name.
//! What a pod asks for that this node cannot give fails the pod with a message, rather than being left out. It has no
//! networks: a container's ports are free ports of the loopback, found with [`ProcessNode::pod_url`], and wherever an
//! argument or a variable is the declared port, or ends with it after a colon, the real one takes its place. Nor has it
//! file systems: in arguments and variables the path of a mount is replaced by the folder behind it, filled once. A
//! service account's token comes with a kubeconfig named by `KUBECONFIG`, in place of an in-cluster configuration.

mod command;
mod container;
mod environment;
mod events;
mod pod;
mod probe;
mod registration;
mod status;
mod volumes;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1 as core;
use kube::api::{Api, ListParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Config, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::background;
use crate::control_plane::ControlPlane;
use pod::{Gone, PodRun};

/// The name of the node, and the value of its label and taint.
const NAME: &str = "process";

/// What every pod of the node can reach.
struct Node {
    client: Client,
    directory: PathBuf,
    url: String,
    authority: PathBuf,
    pods: Mutex<HashMap<String, Arc<PodRun>>>,
}

/// The node's agent.
#[derive(Debug)]
pub struct ProcessNode {
    node: Arc<Node>,
    tasks: Vec<JoinHandle<()>>,
}

impl ProcessNode {
    /// Registers the node with a control plane and runs the pods that are bound to it. A control plane has one at most:
    /// see [`ControlPlane::process_node`].
    pub(crate) async fn start(plane: &ControlPlane, config: Config) -> Result<Self> {
        let directory = plane.directory().join("pods");
        std::fs::create_dir_all(&directory).context("folder of pods")?;
        let (url, authority) = (plane.url().to_owned(), plane.directory().join("ca.crt"));
        // A client works on the runtime that it was made on, which here must outlive the test.
        let node = background::spawn(async move {
            let client = Client::try_from(config)?;
            registration::register(&client).await?;
            anyhow::Ok(Arc::new(Node { client, directory, url, authority, pods: Mutex::default() }))
        })?
        .await??;
        let heartbeat = background::spawn(registration::renew(node.client.clone()))?;
        let agent = background::spawn(run(Arc::clone(&node)))?;
        Ok(Self { node, tasks: vec![heartbeat, agent] })
    }

    /// What a pod's specification needs to get here: `nodeSelector` and `tolerations`.
    pub fn placement() -> Value {
        json!({
            "nodeSelector": { registration::KEY: NAME },
            "tolerations": [{ "key": registration::KEY, "value": NAME, "effect": "NoSchedule" }],
        })
    }

    /// The URL, without a path, under which a port of a running pod is really found.
    pub fn pod_url(&self, namespace: &str, pod: &str, port: &str) -> Result<String> {
        let port = self.find(namespace, pod)?.port(port).with_context(|| format!("port {port} of pod {pod}"))?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// What a container has written since it was first started, its restarts included.
    pub fn container_log(&self, namespace: &str, pod: &str, container: &str) -> Result<String> {
        let file = self.find(namespace, pod)?.log_file(container);
        let log = std::fs::read(&file).with_context(|| format!("log of container {container} of pod {pod}"))?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// The folder of a pod on this machine: its `volumes`, and the `kubeconfig` of its service account if it has one.
    pub fn pod_directory(&self, namespace: &str, pod: &str) -> Result<PathBuf> {
        Ok(self.find(namespace, pod)?.directory.clone())
    }

    /// SIGKILL to a container, as the kernel's out-of-memory killer would; the pod's restart policy says what is next.
    pub fn kill_container(&self, namespace: &str, pod: &str, container: &str) -> Result<()> {
        let process = self.find(namespace, pod)?.process(container);
        process.with_context(|| format!("running container {container} of pod {pod}"))?.kill()
    }

    fn find(&self, namespace: &str, pod: &str) -> Result<Arc<PodRun>> {
        let pods = self.node.pods();
        // The logs of one that has ended can still be read, until another one takes its name.
        let found = pods.values().filter(|run| run.is(namespace, pod)).max_by_key(|run| run.began()).cloned();
        found.with_context(|| format!("pod {namespace}/{pod} on the node {NAME}"))
    }
}

impl Drop for ProcessNode {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for run in self.node.pods().values() {
            run.stop(Gone::Killed);
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Node").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Node {
    fn pods(&self) -> MutexGuard<'_, HashMap<String, Arc<PodRun>>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pod as it is wanted now.
    fn seen(self: &Arc<Self>, pod: core::Pod) {
        let id = pod.uid().unwrap_or_default();
        let grace = pod.metadata.deletion_timestamp.is_some().then_some(pod.metadata.deletion_grace_period_seconds);
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let over = matches!(phase, Some("Succeeded" | "Failed"));
        let mut pods = self.pods();
        if !pods.contains_key(&id) && !over {
            match PodRun::new(Arc::clone(self), pod) {
                Ok(run) => {
                    let run = Arc::new(run);
                    pods.insert(id.clone(), Arc::clone(&run));
                    // On the runtime of the caller, which is the agent's.
                    tokio::spawn(run.live());
                }
                Err(error) => eprintln!("a pod cannot be run: {error:#}"),
            }
        }
        if let (Some(run), Some(grace)) = (pods.get(&id), grace) {
            run.stop(Gone::Deleted { grace: grace.unwrap_or_default() });
        }
    }

    /// The pods that there are, and no others.
    fn only(&self, present: &[String]) {
        for (id, run) in self.pods().iter() {
            if !present.contains(id) {
                run.stop(Gone::Killed);
            }
        }
    }
}

async fn run(node: Arc<Node>) {
    let selector = format!("spec.nodeName={NAME}");
    let pods: Api<core::Pod> = Api::all(node.client.clone());
    let events = watcher(pods.clone(), watcher::Config::default().fields(&selector)).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(pod) | Event::InitApply(pod)) => node.seen(pod),
            Ok(Event::Delete(pod)) => {
                if let Some(run) = pod.uid().and_then(|id| node.pods().get(&id).cloned()) {
                    run.stop(Gone::Killed);
                }
            }
            // Deletions may have been missed while the watch was down.
            Ok(Event::InitDone) => {
                if let Ok(list) = pods.list(&ListParams::default().fields(&selector)).await {
                    node.only(&list.items.iter().filter_map(ResourceExt::uid).collect::<Vec<_>>());
                }
            }
            // It is tried again after a while: the API server may be gone for a minute.
            Ok(Event::Init) | Err(_) => {}
        }
    }
}
