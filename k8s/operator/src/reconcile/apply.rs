//! Puts one object where it is declared to be, with as little writing as that takes: none if all is as declared.

use std::time::Duration;

use k8s_openapi::{api::apps::v1::Deployment, apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
    core::DynamicObject,
};
use serde_json::{Value, json};

use super::{Context, Error};
use crate::{
    desired::{Desired, OPERATOR, Owner, hash},
    drift::{Drift, foreign},
    kinds::Kind,
};

/// The annotation with a hash of what was applied last: what is no longer declared is not found by comparing.
pub(super) const APPLIED: &str = "conversation.dev/applied";
/// The field manager that keeps the number of replicas while it passes to an autoscaler, or while only that may change.
const SCALING: &str = "conversation-operator-scaling";
/// How long somebody else may go on changing an object before the operator puts it back less and less often.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was done to an object.
#[derive(Debug)]
pub(super) enum Done {
    /// Nothing: it is as declared.
    Nothing,
    /// It was written, and is this now.
    Written(Box<DynamicObject>),
    /// Nothing for so long, because somebody keeps changing it.
    Contended(Duration),
}

impl Context {
    /// The operator's objects of a kind in a namespace.
    fn api(&self, kind: Kind, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &kind.resource())
    }

    /// An object as it is, by the copies that are kept.
    pub(super) fn copy(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        let object = match kind {
            Kind::ConversationSchema => serde_json::to_value(&*self.stores.schema(namespace, name)?),
            kind => serde_json::to_value(&*self.stores.object(kind, namespace, name)?),
        };
        object.ok()
    }

    /// An object as it is. One that is not among the copies may still be there: somebody else's, which nothing tells of.
    pub(super) async fn found(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
        let found = match self.copy(kind, namespace, name) {
            Some(copy) => Some(copy),
            None => self.asked(kind, namespace, name).await?,
        };
        Ok(found.map(|mut object| {
            // Objects of a list are sent without them.
            object["apiVersion"] = kind.api_version().into();
            object["kind"] = kind.row().name.into();
            object
        }))
    }

    /// An object as the API server has it now.
    async fn asked(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
        let object = self.api(kind, namespace).get_opt(name).await;
        let object = object.map_err(|error| Error::writing(kind, name, error))?;
        Ok(object.and_then(|object| serde_json::to_value(object).ok()))
    }

    /// Puts an object where it is declared to be.
    pub(super) async fn ensure(&self, owner: &Owner, desired: &Desired) -> Result<Done, Error> {
        let Desired { kind, name, body } = desired;
        let mut body = body.clone();
        let digest = hash(&body);
        body["metadata"]["annotations"][APPLIED] = digest.as_str().into();
        let Some(found) = self.found(*kind, &owner.namespace, name).await? else {
            // Not by force, for one that somebody else makes at this moment.
            return self.apply(owner, desired, &body, false, "made").await;
        };
        if !owned(&found, owner) {
            return Err(Error::Taken { kind: *kind, name: name.clone(), holder: holder(&found) });
        }
        if drift(*kind, &body, &found).is_none() {
            return Ok(Done::Nothing);
        }
        let changed = found["metadata"]["annotations"][APPLIED] != body["metadata"]["annotations"][APPLIED];
        if changed {
            self.keep_replicas(owner, desired, &found).await?;
            return self.apply(owner, desired, &body, true, "changed").await;
        }
        match self.contended(owner, *kind, name) {
            Some(wait) => Ok(Done::Contended(wait)),
            None => self.restore(owner, desired, &body).await,
        }
    }

    /// Somebody else changed an object. It is put back at once, unless they go on and on: then this is how long to wait.
    pub(super) fn contended(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Duration> {
        let key = format!("{}/{}/{name}", kind.row().name, owner.namespace);
        let left = self.contention.left(&key);
        if left > PATIENCE {
            return Some(left);
        }
        self.contention.failed(&key);
        None
    }

    async fn apply(
        &self,
        owner: &Owner,
        Desired { kind, name, .. }: &Desired,
        body: &Value,
        force: bool,
        why: &str,
    ) -> Result<Done, Error> {
        let params = PatchParams { force, ..PatchParams::apply(OPERATOR) };
        let applied = self.api(*kind, &owner.namespace).patch(name, &params, &Patch::Apply(body)).await;
        let applied = applied.map_err(|error| Error::writing(*kind, name, error))?;
        self.metrics.wrote(kind.row().name, why);
        Ok(Done::Written(Box::new(applied)))
    }

    /// Undoes what somebody else did to an object.
    async fn restore(&self, owner: &Owner, Desired { kind, name, .. }: &Desired, body: &Value) -> Result<Done, Error> {
        let moved = || Error::Moved { kind: *kind, name: name.clone() };
        // As it is now and not as the copy has it: a patch speaks of places in lists.
        let found = self.asked(*kind, &owner.namespace, name).await?;
        let found = found.filter(|found| owned(found, owner)).ok_or_else(moved)?;
        let drift = drift(*kind, body, &found);
        if drift.is_none() {
            return Ok(Done::Nothing);
        }
        let fields: Vec<&str> = drift.paths().collect();
        tracing::info!(kind = kind.row().name, namespace = owner.namespace, name, ?fields, "put back as declared");
        let version = &found["metadata"]["resourceVersion"];
        let mut patch = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})];
        patch.extend(drift.patch());
        let patch = serde_json::from_value(patch.into()).map_err(kube::Error::SerdeError)?;
        let params = PatchParams { field_manager: Some(OPERATOR.to_owned()), ..PatchParams::default() };
        let restored = self.api(*kind, &owner.namespace).patch(name, &params, &Patch::Json::<()>(patch)).await;
        let restored = restored.map_err(|error| match error {
            // The test of the version failed; an object that would not be valid has causes.
            kube::Error::Api(status)
                if status.code == 409
                    || status.code == 422 && status.details.as_ref().is_none_or(|it| it.causes.is_empty()) =>
            {
                moved()
            }
            error => Error::writing(*kind, name, error),
        })?;
        self.metrics.wrote(kind.row().name, "restored");
        Ok(Done::Written(Box::new(restored)))
    }

    /// Gives a Deployment another number of pods, and leaves all the rest of it as it is.
    pub(super) async fn scale(&self, owner: &Owner, found: &Deployment, replicas: i32) -> Result<Done, Error> {
        if found.spec.as_ref().is_some_and(|spec| spec.replicas == Some(replicas)) {
            return Ok(Done::Nothing);
        }
        // Another number is another wish, and nobody's quarrel with the one before.
        if let Some(wait) = self.contended(owner, Kind::Deployment, &format!("{}={replicas}", owner.name)) {
            return Ok(Done::Contended(wait));
        }
        let written = self.hold(owner, replicas.into()).await?;
        self.metrics.wrote(Kind::Deployment.row().name, "changed");
        Ok(Done::Written(Box::new(written)))
    }

    /// Writes the number of pods by a manager of its own: what the operator applied otherwise stays its own.
    async fn hold(&self, owner: &Owner, replicas: Value) -> Result<DynamicObject, Error> {
        let (kind, name) = (Kind::Deployment, &owner.name);
        let body = json!({
            "apiVersion": kind.api_version(), "kind": kind.row().name,
            "metadata": {"name": name, "namespace": owner.namespace},
            "spec": {"replicas": replicas},
        });
        let params = PatchParams::apply(SCALING).force();
        let held = self.api(kind, &owner.namespace).patch(name, &params, &Patch::Apply(&body)).await;
        held.map_err(|error| Error::writing(kind, name, error))
    }

    /// When the number of replicas is no longer declared, because an autoscaler is to choose it, it would fall back to one
    /// for a moment. So another manager holds it until the autoscaler changes it.
    async fn keep_replicas(&self, owner: &Owner, desired: &Desired, found: &Value) -> Result<(), Error> {
        let declared = &desired.body["spec"]["replicas"];
        if desired.kind != Kind::Deployment || !declared.is_null() || !owns_replicas(found) {
            return Ok(());
        }
        self.hold(owner, found["spec"]["replicas"].clone()).await.map(drop)
    }

    /// Deletes an object that is no longer declared, if it is there and the owner's.
    pub(super) async fn prune(&self, owner: &Owner, kind: Kind, name: &str) -> Result<(), Error> {
        let Some(found) = self.copy(kind, &owner.namespace, name) else { return Ok(()) };
        let metadata = &found["metadata"];
        if !owned(&found, owner) || !metadata["deletionTimestamp"].is_null() {
            return Ok(());
        }
        let uid = metadata["uid"].as_str().map(str::to_owned);
        let preconditions = Some(Preconditions { uid, resource_version: None });
        let params = DeleteParams { preconditions, ..DeleteParams::background() };
        match self.api(kind, &owner.namespace).delete(name, &params).await {
            Ok(_) => {
                self.metrics.wrote(kind.row().name, "pruned");
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(Error::writing(kind, name, error)),
        }
    }
}

/// What differs between what is declared and what is there.
fn drift(kind: Kind, declared: &Value, found: &Value) -> Drift {
    let closed = [Kind::Deployment, Kind::ConversationSchema].contains(&kind);
    // What was put back by a patch is removed by one, when it is no longer declared.
    let other = |manager: &str, operation: &str| match manager {
        OPERATOR | SCALING => operation != "Apply",
        _ => closed,
    };
    let mut drift = Drift::between(declared, found);
    drift.foreign.splice(..0, foreign::additions(declared, found, other));
    drift
}

/// Whether an object belongs to the owner.
pub(super) fn owned(found: &Value, owner: &Owner) -> bool {
    let owners = found["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().any(|reference| reference["uid"] == owner.uid.as_str())
}

fn holder(found: &Value) -> String {
    match &found["metadata"]["ownerReferences"][0] {
        Value::Null => "nobody the operator knows".to_owned(),
        reference => format!(
            "{} {}",
            reference["kind"].as_str().unwrap_or_default(),
            reference["name"].as_str().unwrap_or_default()
        ),
    }
}

fn owns_replicas(found: &Value) -> bool {
    let managers: Vec<ManagedFieldsEntry> =
        serde_json::from_value(found["metadata"]["managedFields"].clone()).unwrap_or_default();
    managers.iter().any(|entry| {
        let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
        entry.manager.as_deref() == Some(OPERATOR)
            && entry.operation.as_deref() == Some("Apply")
            && fields.is_some_and(|fields| !fields["f:spec"]["f:replicas"].is_null())
    })
}
