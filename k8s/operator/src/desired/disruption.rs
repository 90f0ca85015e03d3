//! The PodDisruptionBudget.

use serde_json::json;

use super::{Desired, Owner};
use crate::{api::ConversationServiceSpec, kinds::Kind};

/// Drains take one pod after the other. With a single pod a budget would block them.
pub(super) fn budget(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let budget = json!({"spec": {
        "maxUnavailable": 1,
        // A pod that serves nobody does not keep a node from being drained.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": owner.selector("api")},
    }});
    let labels = owner.labels("api", &spec.image.version());
    (spec.scaling().least() > 1).then(|| owner.object(Kind::PodDisruptionBudget, &owner.name, labels, budget))
}
