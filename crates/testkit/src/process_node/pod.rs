//! The life of one pod: its volumes, its init containers in order, its containers side by side, and its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::container::{Restart, seconds, supervise};
use super::environment::Refusal;
use super::status::State;
use super::{Node, events, probe, volumes};
use crate::port;
use crate::process::Process;

/// How soon the API server is asked again when it does not answer, and a volume is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// What a pod has that says nothing of its own.
const GRACE: i64 = 30;

static ADDRESSES: AtomicU16 = AtomicU16::new(1);

/// A port: its name, the number that is declared, and the one that it really has.
pub(super) type Port = (Option<String>, i32, u16);

/// That a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// It is asked to end within so many seconds.
    Deleted { grace: i64 },
    /// It is gone already.
    Killed,
}

/// A pod on this node.
#[derive(Debug)]
pub(super) struct PodRun {
    pub(super) node: Arc<Node>,
    pub(super) pod: core::Pod,
    pub(super) directory: PathBuf,
    began: Instant,
    /// One that nobody can reach: an address of the loopback may not be an endpoint of a Service.
    address: String,
    ports: BTreeMap<String, Vec<Port>>,
    state: Mutex<State>,
    changed: Notify,
    gone: watch::Sender<Option<Gone>>,
    processes: Mutex<BTreeMap<String, Arc<Process>>>,
}

impl PodRun {
    pub(super) fn new(node: Arc<Node>, pod: core::Pod) -> Result<Self> {
        let directory = node.directory.join(pod.uid().unwrap_or_default());
        std::fs::create_dir_all(&directory).context("folder of a pod")?;
        let mut ports = BTreeMap::new();
        for container in pod.spec.iter().flat_map(|spec| &spec.containers) {
            let declared = container.ports.iter().flatten();
            let real = declared.map(|port| Ok((port.name.clone(), port.container_port, port::free_port()?)));
            ports.insert(container.name.clone(), real.collect::<Result<Vec<_>>>()?);
        }
        let number = ADDRESSES.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            state: Mutex::new(State::new(&pod)),
            address: format!("10.4.{}.{}", number >> 8, number & 0xff),
            began: Instant::now(),
            changed: Notify::new(),
            gone: watch::Sender::new(None),
            processes: Mutex::default(),
            node,
            pod,
            directory,
            ports,
        })
    }

    /// Runs the pod to its end, and tells of it all the while.
    pub(super) async fn live(self: Arc<Self>) {
        let telling = tokio::spawn(Arc::clone(&self).tell_changes());
        let refused = self.run().await.err();
        for process in self.processes().values() {
            // It fails only for one that has ended.
            let _ = process.kill();
        }
        telling.abort();
        {
            let mut state = self.state();
            state.refused = refused;
            state.over = true;
        }
        self.tell().await;
        if matches!(self.gone().await, Gone::Deleted { .. }) {
            self.finalize().await;
        }
    }

    /// Says that the pod goes; a force only ever grows.
    pub(super) fn stop(&self, gone: Gone) {
        self.gone.send_if_modified(|current| {
            let changes = current.is_none() || (gone == Gone::Killed && *current != Some(gone));
            if changes {
                *current = Some(gone);
            }
            changes
        });
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.borrow().is_some()
    }

    fn is_killed(&self) -> bool {
        *self.gone.borrow() == Some(Gone::Killed)
    }

    /// Waits until the pod is to go.
    pub(super) async fn gone(&self) -> Gone {
        let mut gone = self.gone.subscribe();
        let gone = gone.wait_for(Option::is_some).await;
        gone.ok().and_then(|gone| *gone).unwrap_or(Gone::Killed)
    }

    /// Waits until the pod is gone for good.
    pub(super) async fn killed(&self) {
        let mut gone = self.gone.subscribe();
        // The sender is in this very object.
        let _ = gone.wait_for(|gone| *gone == Some(Gone::Killed)).await;
    }

    /// How long the containers may take to end, unless a deletion says otherwise.
    pub(super) fn grace(&self) -> Duration {
        seconds(self.pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(GRACE))
    }

    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.pod.namespace().as_deref() == Some(namespace) && self.pod.name_any() == name
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn ports_of(&self, container: &str) -> &[Port] {
        self.ports.get(container).map(Vec::as_slice).unwrap_or_default()
    }

    /// The real port of that name.
    pub(super) fn port(&self, name: &str) -> Option<u16> {
        let found = self.ports.values().flatten().find(|(known, ..)| known.as_deref() == Some(name));
        found.map(|(.., real)| *real)
    }

    pub(super) fn log_file(&self, container: &str) -> PathBuf {
        self.directory.join(format!("{container}.log"))
    }

    /// Remembers the process that a container is now.
    pub(super) fn keep(&self, container: &str, process: &Arc<Process>) {
        self.processes().insert(container.to_owned(), Arc::clone(process));
    }

    pub(super) fn process(&self, container: &str) -> Option<Arc<Process>> {
        self.processes().get(container).filter(|process| matches!(process.exit_status(), Ok(None))).cloned()
    }

    /// Changes the state of a container, which is then told.
    pub(super) fn update(&self, container: &str, change: impl FnOnce(&mut core::ContainerStatus)) {
        if let Some(status) = self.state().container(container) {
            change(status);
        }
        self.changed.notify_one();
    }

    async fn run(&self) -> Result<(), String> {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let init = spec.init_containers.unwrap_or_default();
        if let Some(message) = init.iter().chain(&spec.containers).find_map(unsupported) {
            return Err(message);
        }
        self.fill_volumes().await?;
        let restart = match spec.restart_policy.as_deref() {
            Some("Never") => Restart::Never,
            Some("OnFailure") => Restart::OnFailure,
            _ => Restart::Always,
        };
        // An init container that has done its work is not run again.
        let of_init = if restart == Restart::Never { Restart::Never } else { Restart::OnFailure };
        for container in &init {
            if !supervise(self, container, of_init).await? {
                return Ok(());
            }
        }
        try_join_all(spec.containers.iter().map(|container| supervise(self, container, restart))).await?;
        Ok(())
    }

    async fn fill_volumes(&self) -> Result<(), String> {
        let mut told = None;
        while !self.is_gone() {
            match volumes::fill(&self.node, &self.pod, &self.directory.join("volumes")).await {
                Ok(()) => break,
                Err(Refusal::Unsupported(message)) => return Err(message),
                // As with a kubelet, no state says it: the containers are still being made.
                Err(Refusal::Waiting(_, message)) => {
                    if told.as_ref() != Some(&message) && events::warn(self, "FailedMount", &message).await {
                        told = Some(message);
                    }
                    sleep(RETRY).await;
                }
            }
        }
        Ok(())
    }

    async fn tell_changes(self: Arc<Self>) {
        loop {
            self.tell().await;
            self.changed.notified().await;
        }
    }

    /// Tells the state as it is now, however long the API server is away.
    async fn tell(&self) {
        let pods = self.api();
        loop {
            let qos = self.pod.status.as_ref().and_then(|status| status.qos_class.as_deref());
            let status = self.state().render(&self.address, qos);
            match pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &Patch::Strategic(status)).await {
                Err(error) if !is_final(&error) && !self.is_killed() => sleep(RETRY).await,
                _ => return,
            }
        }
    }

    /// Lets the API server forget a pod whose containers have all ended.
    async fn finalize(&self) {
        let preconditions = Preconditions { uid: self.pod.uid(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() }.grace_period(0);
        while let Err(error) = self.api().delete(&self.pod.name_any(), &parameters).await {
            if is_final(&error) || self.is_killed() {
                return;
            }
            sleep(RETRY).await;
        }
    }

    fn api(&self) -> Api<core::Pod> {
        Api::namespaced(self.node.client.clone(), &self.pod.namespace().unwrap_or_default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn processes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Process>>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether asking again is in vain: the pod is gone, or is another one, or the status is not accepted.
fn is_final(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 404 | 409 | 422))
}

/// What a container asks for that this node has not, in words.
fn unsupported(container: &core::Container) -> Option<String> {
    let name = &container.name;
    if container.restart_policy.is_some() {
        return Some(format!("container {name} is a sidecar, which this node does not run"));
    }
    let hooks = container.lifecycle.iter().flat_map(|lifecycle| [&lifecycle.pre_stop, &lifecycle.post_start]);
    if hooks.flatten().any(|hook| hook.sleep.is_none()) {
        return Some(format!("container {name} has a hook other than sleep"));
    }
    probe::unsupported(container)
}
