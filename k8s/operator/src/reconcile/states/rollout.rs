//! Where a Deployment is on its way to what it declares.

use k8s_openapi::api::apps::v1::Deployment;

use super::Found;
use crate::{api::ConversationService, desired::Release};

/// Where the Deployment is.
#[derive(Debug)]
pub(super) enum Rollout {
    /// This many pods are of the declared kind and available, no fewer than are wanted, and no others are there.
    Complete(i32),
    /// All pods are of the declared kind, and fewer are available than are wanted: one was lost, or more are wanted now.
    Short { available: i32, wanted: i32 },
    /// Not there yet.
    Going(String),
}

impl Rollout {
    /// The reason and the message, if something goes on.
    pub(super) fn is_under_way(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Complete(_) => None,
            Self::Short { available, wanted } => {
                Some(("PodsMissing", format!("{available} of {wanted} pods are available")))
            }
            Self::Going(message) => Some(("RollingOut", message.clone())),
        }
    }
}

pub(super) fn rollout(service: &ConversationService, found: &Found<'_>) -> Rollout {
    let Some(deployment) = found.deployment else {
        return Rollout::Going("the Deployment is being made".to_owned());
    };
    let Counts { wanted, total, updated, available } = Counts::of(deployment);
    let current = !found.open || release(deployment).is_some_and(|it| it.image == service.spec.image.reference());
    if !current || !is_observed(deployment) || updated != total {
        let message = format!("{updated} of {wanted} pods are of the declared kind, {available} available");
        return Rollout::Going(message);
    }
    if available < wanted { Rollout::Short { available, wanted } } else { Rollout::Complete(available) }
}

/// What a Deployment declares that its pods run.
pub(super) fn release(deployment: &Deployment) -> Option<Release> {
    let containers = &deployment.spec.as_ref()?.template.spec.as_ref()?.containers;
    let api = containers.iter().find(|container| container.name == "api")?;
    let labels = deployment.metadata.labels.as_ref();
    let version = labels.and_then(|labels| labels.get("app.kubernetes.io/version")).cloned().unwrap_or_default();
    Some(Release { image: api.image.clone()?, version })
}

/// Whether all pods of a Deployment are as it declares, and available.
pub(crate) fn complete(deployment: &Deployment) -> bool {
    let Counts { wanted, total, updated, available } = Counts::of(deployment);
    is_observed(deployment) && [total, updated, available] == [wanted; 3]
}

/// Whether the numbers are of what is declared now.
fn is_observed(deployment: &Deployment) -> bool {
    let observed = deployment.status.as_ref().and_then(|status| status.observed_generation);
    observed.is_some() && observed >= deployment.metadata.generation
}

/// Numbers of pods.
struct Counts {
    wanted: i32,
    total: i32,
    updated: i32,
    available: i32,
}

impl Counts {
    fn of(deployment: &Deployment) -> Self {
        let counts = deployment.status.as_ref();
        Self {
            wanted: deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
            total: counts.and_then(|counts| counts.replicas).unwrap_or_default(),
            updated: counts.and_then(|counts| counts.updated_replicas).unwrap_or_default(),
            available: counts.and_then(|counts| counts.available_replicas).unwrap_or_default(),
        }
    }
}
