//! What the status of a pod says about why it does not run.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod};

use crate::{desired::MIGRATOR, migration::Trouble};

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten())
}

/// The state of the container that the pod is for. Others may have been put beside it, by a service mesh for example.
fn state<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerState> {
    statuses(pod).find(|status| status.name == container)?.state.as_ref()
}

/// Whether the migrator in the pod runs, or has run.
pub(crate) fn began(pod: &Pod) -> bool {
    state(pod, MIGRATOR).is_some_and(|state| state.running.is_some() || state.terminated.is_some())
}

/// How the migrator ended.
pub(crate) fn terminated(pod: &Pod) -> Option<&ContainerStateTerminated> {
    state(pod, MIGRATOR)?.terminated.as_ref()
}

/// Whether the containers of the pod are being made. What is in the way of that stands in no status.
pub(crate) fn is_being_made(pod: &Pod) -> bool {
    let waits = |state: &ContainerState| state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
    let reason = statuses(pod).next().and_then(|status| waits(status.state.as_ref()?));
    matches!(reason.as_deref(), Some("ContainerCreating" | "PodInitializing"))
}

/// That something is not there which the pod names.
pub(crate) fn missing(pod: &str, message: &str) -> Trouble {
    Trouble::new("ConfigurationMissing", format!("pod {pod}: {message}; make the secret or name another one"))
}

/// Why the pod does not run or does not stay up, if that needs somebody to do something. What passes by itself, such as the
/// pulling of an image, is none.
pub(crate) fn trouble(pod: &Pod) -> Option<Trouble> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    statuses(pod)
        .find_map(|status| waiting(name, status).or_else(|| crashed(name, status)))
        .or_else(|| unscheduled(name, pod))
}

/// A container that ends again and again is between two ends as often as it waits for its next start; that is one trouble
/// and not one that comes and goes.
fn crashed(pod: &str, status: &ContainerStatus) -> Option<Trouble> {
    let last = status.last_state.as_ref()?.terminated.as_ref()?;
    (status.restart_count > 0 && !status.ready).then(|| crashes(pod, Some(last)))
}

fn crashes(pod: &str, last: Option<&ContainerStateTerminated>) -> Trouble {
    let code = last.map(|ended| format!(" with exit code {}", ended.exit_code)).unwrap_or_default();
    Trouble::new("PodsCrash", format!("pod {pod} ends again and again{code}; see `kubectl logs {pod} --previous`"))
}

fn waiting(pod: &str, status: &ContainerStatus) -> Option<Trouble> {
    let state = status.state.as_ref()?;
    let waiting = state.waiting.as_ref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    let (reason, message) = match waiting.reason.as_deref()? {
        "CreateContainerConfigError" => return Some(missing(pod, message)),
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => (
            "ImagePullFailed",
            format!(
                "pod {pod}: image {} cannot be pulled: {message}; correct its name or imagePullSecrets",
                status.image
            ),
        ),
        "CrashLoopBackOff" => {
            let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
            return Some(crashes(pod, last));
        }
        "CreateContainerError" | "RunContainerError" => ("ContainerRefused", format!("pod {pod}: {message}")),
        _ => return None,
    };
    Some(Trouble::new(reason, message))
}

fn unscheduled(name: &str, pod: &Pod) -> Option<Trouble> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    let unschedulable = condition.status == "False" && condition.reason.as_deref() == Some("Unschedulable");
    let message = condition.message.as_deref().unwrap_or_default();
    unschedulable.then(|| Trouble::new("PodsUnschedulable", format!("pod {name} fits on no node: {message}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(status: Value) -> Option<(String, String)> {
        let mut full = json!({"name": "api", "image": "api:1", "imageID": "", "ready": false, "restartCount": 0});
        for (name, value) in status.as_object().expect("an object") {
            full[name] = value.clone();
        }
        let pod = json!({"metadata": {"name": "shop-1"}, "status": {"containerStatuses": [full]}});
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        trouble(&pod).map(|trouble| (trouble.reason, trouble.message))
    }

    #[test]
    fn a_container_that_crashes_is_in_one_trouble_all_the_time() {
        let ended = json!({"terminated": {"exitCode": 101}});
        let of = |state: Value| told(json!({"restartCount": 3, "lastState": ended, "state": state}));
        let waits = of(json!({"waiting": {"reason": "CrashLoopBackOff"}}));
        assert_eq!(waits.as_ref().map(|trouble| trouble.0.as_str()), Some("PodsCrash"));
        assert_eq!(of(json!({"running": {}})), waits);
        assert_eq!(of(ended.clone()), waits);
        assert_eq!(told(json!({"restartCount": 3, "lastState": ended, "state": {"running": {}}, "ready": true})), None);
        assert_eq!(told(json!({"state": {"waiting": {"reason": "ContainerCreating"}}})), None);
    }

    #[test]
    fn a_container_that_somebody_put_beside_it_is_not_the_migrator() {
        let pod = |state: Value| -> Pod {
            let container = |name: &str, state: Value| json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state});
            let containers = [container("proxy", json!({"running": {}})), container("migrator", state)];
            serde_json::from_value(json!({"status": {"containerStatuses": containers}})).expect("a pod")
        };
        assert!(!began(&pod(json!({"waiting": {"reason": "ContainerCreating"}}))));
        assert!(began(&pod(json!({"running": {}}))));
        // Its Job has not ended as long as the other one runs.
        let ended = pod(json!({"terminated": {"exitCode": 3}}));
        assert!(began(&ended));
        assert_eq!(terminated(&ended).map(|ended| ended.exit_code), Some(3));
    }
}
