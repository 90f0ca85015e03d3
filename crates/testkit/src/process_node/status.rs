//! What the control plane is told of a pod, worked out of the states of its containers.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// The states of a pod's containers, and what has been told of them so far.
#[derive(Debug)]
pub(super) struct State {
    started: Time,
    pub(super) init: Vec<core::ContainerStatus>,
    pub(super) containers: Vec<core::ContainerStatus>,
    conditions: Vec<core::PodCondition>,
    /// Why the node refuses the pod, in words.
    pub(super) refused: Option<String>,
    /// Whether nothing will be started any more.
    pub(super) over: bool,
}

impl State {
    pub(super) fn new(pod: &core::Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let waiting = |containers: &[core::Container], reason: &str| {
            containers.iter().map(|container| waiting(container, reason)).collect::<Vec<_>>()
        };
        let init = spec.init_containers.unwrap_or_default();
        let reason = if init.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        Self {
            started: now(),
            containers: waiting(&spec.containers, reason),
            init: waiting(&init, "PodInitializing"),
            conditions: Vec::new(),
            refused: None,
            over: false,
        }
    }

    /// The container of that name.
    pub(super) fn container(&mut self, name: &str) -> Option<&mut core::ContainerStatus> {
        self.init.iter_mut().chain(&mut self.containers).find(|status| status.name == name)
    }

    /// The phase: nothing but the containers decides on it.
    fn phase(&self) -> &'static str {
        if self.refused.is_some() {
            return "Failed";
        }
        let ended = |status: &core::ContainerStatus| terminated(status).map(|end| end.exit_code);
        if self.over {
            let failed = self.init.iter().chain(&self.containers).any(|status| ended(status).unwrap_or(137) != 0);
            return if failed { "Failed" } else { "Succeeded" };
        }
        let begun = |status: &core::ContainerStatus| status.restart_count > 0 || !is_waiting(status);
        if self.containers.iter().any(begun) { "Running" } else { "Pending" }
    }

    /// The status to be merged into the one that there is, which holds the scheduler's condition too.
    pub(super) fn render(&mut self, address: &str, qos: Option<&str>) -> Value {
        let phase = self.phase();
        let initialized = self.init.iter().all(|status| terminated(status).is_some_and(|end| end.exit_code == 0));
        let ready = phase == "Running" && self.containers.iter().all(|status| status.ready);
        let reason = match phase {
            "Succeeded" => Some("PodCompleted"),
            "Failed" => Some("PodFailed"),
            _ => Some("ContainersNotReady"),
        };
        self.condition("PodReadyToStartContainers", !self.over, None);
        self.condition("Initialized", initialized, Some("ContainersNotInitialized"));
        self.condition("ContainersReady", ready, reason);
        self.condition("Ready", ready, reason);
        let mut status = json!({
            "phase": phase,
            "startTime": self.started,
            "hostIP": "127.0.0.1",
            "podIP": address,
            "podIPs": [{ "ip": address }],
            "conditions": self.conditions,
            "initContainerStatuses": self.init,
            "containerStatuses": self.containers,
        });
        if let Some(qos) = qos {
            status["qosClass"] = json!(qos);
        }
        if let Some(message) = &self.refused {
            status["reason"] = json!("UnsupportedByNode");
            status["message"] = json!(message);
        }
        json!({ "status": status })
    }

    fn condition(&mut self, kind: &str, holds: bool, reason: Option<&str>) {
        let status = if holds { "True" } else { "False" };
        let known = self.conditions.iter().position(|condition| condition.type_ == kind);
        let unchanged = known.filter(|index| self.conditions[*index].status == status);
        let since = unchanged.and_then(|index| self.conditions[index].last_transition_time.clone());
        let condition = core::PodCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.filter(|_| !holds).map(str::to_owned),
            last_transition_time: since.or_else(|| Some(now())),
            ..core::PodCondition::default()
        };
        match known {
            Some(index) => self.conditions[index] = condition,
            None => self.conditions.push(condition),
        }
    }
}

/// The present, in the form that Kubernetes has it.
pub(super) fn now() -> Time {
    Time(Timestamp::now())
}

/// The state of a container that waits, and why.
pub(super) fn waiting_state(reason: &str, message: Option<String>) -> core::ContainerState {
    let waiting = core::ContainerStateWaiting { reason: Some(reason.to_owned()), message };
    core::ContainerState { waiting: Some(waiting), ..core::ContainerState::default() }
}

fn waiting(container: &core::Container, reason: &str) -> core::ContainerStatus {
    core::ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        started: Some(false),
        state: Some(waiting_state(reason, None)),
        ..core::ContainerStatus::default()
    }
}

fn is_waiting(status: &core::ContainerStatus) -> bool {
    status.state.as_ref().is_none_or(|state| state.waiting.is_some())
}

fn terminated(status: &core::ContainerStatus) -> Option<&core::ContainerStateTerminated> {
    status.state.as_ref().and_then(|state| state.terminated.as_ref())
}
