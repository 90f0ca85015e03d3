//! Writes what is said of an object: its status when that changed, and an event when something turned.

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
    runtime::events::{Event, EventType},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{Context, Error};
use crate::{
    api::{Condition, ConditionStatus},
    conditions::{DEGRADED, SCHEMA_DRIFT, transitions},
    desired::OPERATOR,
};

/// The longest note that an event may have.
const LONGEST: usize = 1000;

impl Context {
    /// Writes the status of an object, if it is another one than it has.
    pub(super) async fn report<K, S>(&self, object: &K, before: Option<&S>, after: &S) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
        S: Serialize + PartialEq,
    {
        if before == Some(after) {
            return Ok(());
        }
        let body = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()),
            // By the uid, so that it is not said of another object that has the name by now.
            "metadata": {"name": object.name_any(), "uid": object.uid()},
            "status": after,
        });
        let api: Api<K> = Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default());
        let params = PatchParams::apply(OPERATOR).force();
        match api.patch_status(&object.name_any(), &params, &Patch::Apply(&body)).await {
            // Deleted meanwhile, or deleted and made anew.
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
            written => Ok(written.map(drop)?),
        }
    }

    /// Publishes an event for each condition that turned. An event that cannot be published is not worth a failure.
    pub(super) async fn announce<K>(&self, object: &K, before: &[Condition], after: &[Condition])
    where
        K: Resource<DynamicType = ()>,
    {
        let reference = object.object_ref(&());
        for condition in transitions(before, after).filter(|new| worth_saying(before, new)) {
            let bad = [DEGRADED, SCHEMA_DRIFT].contains(&condition.type_.as_str());
            let type_ =
                if bad && condition.status == ConditionStatus::True { EventType::Warning } else { EventType::Normal };
            let note: String = condition.message.chars().take(LONGEST).collect();
            let event = Event {
                type_,
                reason: condition.reason.clone(),
                note: Some(note),
                action: condition.type_.clone(),
                secondary: None,
            };
            if let Err(error) = self.recorder.publish(&event, &reference).await {
                tracing::warn!(%error, "an event could not be published");
            }
        }
    }
}

/// What begins to hold, and what ceases to; not that something never held.
fn worth_saying(before: &[Condition], new: &Condition) -> bool {
    let held = before.iter().any(|old| old.type_ == new.type_ && old.status == ConditionStatus::True);
    held || new.status == ConditionStatus::True
}
