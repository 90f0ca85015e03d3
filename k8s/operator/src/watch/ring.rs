//! Which objects to look at anew when something changed.

use std::sync::{Arc, OnceLock};

use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    api::{ConversationSchema, ConversationService},
    desired::{COMPONENT, INSTANCE},
};

/// Where what changed is told.
#[derive(Clone)]
pub(super) struct Ring {
    pub(super) services: UnboundedSender<ObjectRef<ConversationService>>,
    pub(super) schemas: UnboundedSender<ObjectRef<ConversationSchema>>,
    pub(super) known: Arc<OnceLock<(Store<ConversationService>, Store<ConversationSchema>)>>,
}

impl Ring {
    /// For everything there is: after a watch had to be begun anew nobody knows what was deleted meanwhile.
    pub(super) fn all(&self) {
        let Some((services, schemas)) = self.known.get() else { return };
        for service in services.state() {
            let _ = self.services.send(ObjectRef::from_obj(&*service));
        }
        for schema in schemas.state() {
            let _ = self.schemas.send(ObjectRef::from_obj(&*schema));
        }
    }

    // Sending fails only when nobody reconciles any more.

    pub(super) fn service(&self, name: &str, namespace: &str) {
        let _ = self.services.send(ObjectRef::new(name).within(namespace));
    }

    pub(super) fn schema(&self, name: &str, namespace: &str) {
        let _ = self.schemas.send(ObjectRef::new(name).within(namespace));
    }

    /// By the owner of an object.
    pub(super) fn owner(&self, object: &impl ResourceExt) {
        let namespace = object.namespace().unwrap_or_default();
        for owner in object.owner_references() {
            match owner.kind.as_str() {
                "ConversationService" => self.service(&owner.name, &namespace),
                "ConversationSchema" => self.schema(&owner.name, &namespace),
                _ => {}
            }
        }
    }

    /// By the labels of a pod, whose owner is a ReplicaSet or a Job.
    pub(super) fn pod(&self, pod: &Pod) {
        let namespace = pod.namespace().unwrap_or_default();
        let labels = pod.labels();
        match (labels.get(INSTANCE), labels.get(COMPONENT).map(String::as_str)) {
            (Some(name), Some("api")) => self.service(name, &namespace),
            (Some(name), Some("migrator")) => self.schema(name, &namespace),
            _ => {}
        }
    }
}
