//! What is in the way of a pod and stands in nothing but its events.

use k8s_openapi::{
    api::core::v1::{Event, Pod},
    jiff::Timestamp,
};
use kube::{Api, ResourceExt, api::ListParams};

use super::{Context, Error, error::is_quota};
use crate::{
    migration::{Run, State, Trouble},
    pods,
};

/// After how many seconds without anything happening something must be in the way.
const PATIENCE: i64 = 5;

impl Context {
    /// Why a run does not begin: its Job gets no pod, or a volume of that is not there.
    pub(super) async fn obstacle(&self, namespace: &str, run: &Run, now: Timestamp) -> Result<Option<Trouble>, Error> {
        if is_young(run.made, now) || !matches!(run.state, State::Waiting(None)) {
            return Ok(None);
        }
        if let Some(pod) = &run.pod {
            return self.unmounted(namespace, pod).await;
        }
        // A quota, or an admission policy.
        let message = self.last_event(namespace, &run.uid, "FailedCreate").await?.and_then(|event| event.message);
        Ok(message.map(|message| refused(&format!("Job {} gets no pod", run.job), &message)))
    }

    /// Why the containers of a pod are not made.
    pub(super) async fn unmade(&self, pod: &Pod, now: Timestamp) -> Result<Option<Trouble>, Error> {
        match (&pod.metadata.creation_timestamp, pod.uid()) {
            (Some(made), Some(uid)) if !is_young(made.0, now) => {
                self.unmounted(&pod.namespace().unwrap_or_default(), &uid).await
            }
            _ => Ok(None),
        }
    }

    async fn unmounted(&self, namespace: &str, pod: &str) -> Result<Option<Trouble>, Error> {
        let event = self.last_event(namespace, pod, "FailedMount").await?;
        Ok(event.map(|event| {
            let pod = event.involved_object.name.unwrap_or_default();
            pods::missing(&pod, &event.message.unwrap_or_default())
        }))
    }

    async fn last_event(&self, namespace: &str, about: &str, reason: &str) -> Result<Option<Event>, Error> {
        let selector = format!("involvedObject.uid={about},reason={reason}");
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let events = events.list(&ListParams::default().fields(&selector)).await?;
        Ok(events.items.into_iter().max_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0)))
    }
}

/// That pods may not be made, and why.
pub(super) fn refused(what: &str, message: &str) -> Trouble {
    let reason = if is_quota(message) { "QuotaExceeded" } else { "PodsRefused" };
    Trouble::new(reason, format!("{what}: {message}"))
}

fn is_young(made: Timestamp, now: Timestamp) -> bool {
    now.as_second() - made.as_second() < PATIENCE
}
