//! The objects that a ConversationService or a ConversationSchema is to have: pure functions of what is declared. They know
//! no cluster; `reconcile` compares them with what is there.

mod autoscaler;
mod deployment;
mod disruption;
mod env;
mod exposure;
mod job;
mod monitoring;
mod network;
mod pod;
mod schema;
mod service;
#[cfg(test)]
mod tests;

use kube::ResourceExt;
use serde_json::{Value, json};

use crate::{
    api::{ConversationSchema, ConversationService, GROUP},
    kinds::Kind,
};

pub use env::reserved;
pub use job::{BODY, COMMAND, Command, MIGRATOR, REVISION, RUN, fingerprint, job, job_name};
pub use schema::{hash, revision, schema, schema_spec};

/// What all of it is part of, with or without the operator.
const PRODUCT: &str = "conversation-service";
/// Who manages the objects: the value of a label and the name of the field manager.
pub const OPERATOR: &str = "conversation-operator";
/// The label that all objects of the operator are found by.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that tells the pods of the two kinds apart, and both from those of the chart.
const NAME: &str = "app.kubernetes.io/name";
/// The label that has the name of the object that owns.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// The label that tells pods of the API from those of the migrator.
pub const COMPONENT: &str = "app.kubernetes.io/component";

/// An object that is to be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// All of it, as it is sent to the API server.
    pub body: Value,
}

/// The object that others belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its namespace, and that of all that belongs to it.
    pub namespace: String,
    /// What tells it from another one that had its name before.
    pub uid: String,
}

impl From<&ConversationService> for Owner {
    fn from(service: &ConversationService) -> Self {
        Self::new("ConversationService", service)
    }
}

impl From<&ConversationSchema> for Owner {
    fn from(schema: &ConversationSchema) -> Self {
        Self::new("ConversationSchema", schema)
    }
}

impl Owner {
    fn new(kind: &'static str, object: &impl ResourceExt) -> Self {
        let uid = object.uid().unwrap_or_default();
        Self { kind, name: object.name_any(), namespace: object.namespace().unwrap_or_default(), uid }
    }

    /// The labels by which Services and budgets find pods; they may never change. The chart's are named otherwise, because a
    /// release may have the name of an object beside it.
    fn selector(&self, component: &str) -> Value {
        json!({NAME: self.kind.to_ascii_lowercase(), INSTANCE: self.name, COMPONENT: component})
    }

    fn labels(&self, component: &str, version: &str) -> Value {
        let mut labels = self.selector(component);
        labels["app.kubernetes.io/version"] = label(version).into();
        labels["app.kubernetes.io/part-of"] = PRODUCT.into();
        labels[MANAGED_BY] = OPERATOR.into();
        labels
    }

    /// An object of a kind that belongs to this one. The rest of it is put in by `with`.
    fn object(&self, kind: Kind, name: &str, labels: Value, with: Value) -> Desired {
        let mut body = with;
        body["apiVersion"] = kind.api_version().into();
        body["kind"] = kind.row().name.into();
        let metadata = &mut body["metadata"];
        metadata["name"] = name.into();
        metadata["namespace"] = self.namespace.as_str().into();
        metadata["labels"] = merged(labels, &metadata["labels"]);
        metadata["ownerReferences"] = json!([{
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": self.kind, "name": self.name, "uid": self.uid,
            "controller": true, "blockOwnerDeletion": true,
        }]);
        Desired { kind, name: name.to_owned(), body }
    }
}

/// What can be in a label of a version.
fn label(version: &str) -> String {
    let edges = ['-', '_', '.'];
    let cut: String = version.trim_start_matches(edges).chars().take(63).collect();
    cut.trim_end_matches(edges).to_owned()
}

/// The members of the first, and those of the second that the first does not have.
fn merged(mut first: Value, second: &Value) -> Value {
    for (name, value) in second.as_object().into_iter().flatten() {
        if first[name].is_null() {
            first[name] = value.clone();
        }
    }
    first
}

/// Puts a member in, unless it is empty: what is empty is not stored, so it would look like drift for ever.
fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let empty = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !empty {
        object[name] = value;
    }
}

/// Something that users write, as JSON.
fn value(written: &impl serde::Serialize) -> Value {
    serde_json::to_value(written).unwrap_or_default()
}

/// The places that objects of a ConversationService may be in. What is in one of them and not wanted is pruned.
#[must_use]
pub fn places(owner: &Owner) -> Vec<(Kind, String)> {
    let own = owner.name.clone();
    Kind::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::Job | Kind::Pod))
        .map(|kind| (kind, own.clone()))
        .chain([(Kind::Service, service::management(owner))])
        .collect()
}

/// All objects of a ConversationService, with the image that its pods are to run now. The Deployment is left out when there
/// is none.
#[must_use]
pub fn objects(service: &ConversationService, image: Option<&Release>) -> Vec<Desired> {
    let owner = &Owner::from(service);
    let spec = &service.spec;
    let mut objects = service::services(owner, spec);
    objects.extend(service::account(owner, spec));
    objects.extend(schema(service));
    objects.extend(image.map(|image| deployment::deployment(owner, spec, image)));
    objects.extend(autoscaler::autoscaler(owner, spec));
    objects.extend(disruption::budget(owner, spec));
    objects.extend(exposure::ingress(owner, spec));
    objects.extend(exposure::route(owner, spec));
    objects.extend(network::policy(owner, spec));
    objects.extend(monitoring::monitor(owner, spec));
    objects.extend(monitoring::rule(owner, spec));
    objects.sort_by_key(|object| object.kind);
    objects
}

/// What the pods of the API run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The image.
    pub image: String,
    /// Its version, for labels and for people.
    pub version: String,
}

/// Where the API is reached.
#[must_use]
pub fn endpoint(service: &ConversationService) -> String {
    exposure::endpoint(&Owner::from(service), &service.spec)
}

/// The labels of the API's pods in the form of `kubectl --selector`.
#[must_use]
pub fn selector(service: &ConversationService) -> String {
    let labels = Owner::from(service).selector("api");
    let labels = labels.as_object().into_iter().flatten();
    labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}
