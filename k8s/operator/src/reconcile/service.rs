//! Reconciles a ConversationService: its objects, and its Deployment's version once the schema is there.

use std::sync::Arc;

use k8s_openapi::{api::apps::v1::Deployment, jiff::Timestamp};
use kube::runtime::controller::Action;
use serde::de::DeserializeOwned;

use super::{
    Context, Error, RESYNC,
    apply::{Done, owned},
    states::{self, Found},
};
use crate::{
    api::{ConversationSchema, ConversationService},
    conditions::merge,
    desired::{Owner, Release, objects, places, revision, schema_spec},
    kinds::Kind,
    migration::Trouble,
    pods,
};

pub(super) async fn reconcile(service: Arc<ConversationService>, context: Arc<Context>) -> Result<Action, Error> {
    if service.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let owner = Owner::from(&*service);
    let schema = context.stores.schema(&owner.namespace, &owner.name);
    let schema = schema.filter(|schema| serde_json::to_value(&**schema).is_ok_and(|schema| owned(&schema, &owner)));
    let before: Option<Deployment> = context.typed(Kind::Deployment, &owner);
    let open = open(&service, schema.as_deref());
    let release = release(&service, open, before.as_ref());

    let worked =
        if service.spec.paused { Worked::default() } else { work(&context, &owner, &service, release.as_ref()).await };
    let Worked { mut trouble, error } = worked;
    let deployment = before.as_ref();
    let unready = deployment.is_some_and(|deployment| !states::complete(deployment));
    if trouble.is_none() && unready {
        let pods = context.stores.pods(&owner.namespace, &owner.name, "api");
        trouble = pods.iter().find_map(|pod| pods::trouble(pod));
    }

    let found = Found { open, release: release.as_ref(), schema: schema.as_deref(), deployment, trouble };
    let old = service.status.as_ref();
    let before = old.map_or(&[][..], |status| &status.conditions);
    let generation = service.metadata.generation.unwrap_or_default();
    let mut status = states::status(&service, &found);
    status.observed_generation = Some(generation);
    status.conditions = merge(before, states::states(&service, &found), generation, Timestamp::now());
    context.report(&*service, old, &status).await?;
    context.announce(&*service, before, &status.conditions).await;
    match error {
        Some(error) => Err(error),
        None => Ok(Action::requeue(RESYNC)),
    }
}

/// What came of making the objects: what to say about it, and what to try again.
#[derive(Default)]
struct Worked {
    trouble: Option<Trouble>,
    error: Option<Error>,
}

impl Worked {
    /// The first that went wrong is what is said; the rest is tried all the same.
    fn note(&mut self, done: Result<(), Error>) {
        if let Err(error) = done
            && self.error.is_none()
        {
            self.trouble = Some(error.trouble());
            self.error = Some(error);
        }
    }
}

async fn work(context: &Context, owner: &Owner, service: &ConversationService, release: Option<&Release>) -> Worked {
    let mut worked = Worked::default();
    let objects = objects(service, release);
    for object in &objects {
        if !context.kinds.contains(&object.kind) {
            let kind = object.kind.row();
            let message = format!(
                "{} is asked for, but the cluster does not have the kind: install what brings {}/{}, or do not ask for it",
                kind.name, kind.group, kind.version
            );
            worked.trouble.get_or_insert_with(|| Trouble::new("KindMissing", message));
            continue;
        }
        let done = context.ensure(owner, object).await;
        if let Ok(Done::Contended) = done {
            let message = format!("somebody keeps changing {} {}", object.kind.row().name, object.name);
            worked.trouble.get_or_insert_with(|| Trouble::new("Contended", message));
        }
        worked.note(done.map(drop));
    }
    for (kind, name) in places(owner) {
        let wanted = objects.iter().any(|object| object.kind == kind && object.name == name);
        // A Deployment that is not declared now is one whose version is not known yet, and not one to delete.
        if !wanted && kind != Kind::Deployment && context.kinds.contains(&kind) {
            worked.note(context.prune(owner, kind, &name).await);
        }
    }
    worked
}

/// Whether the schema of the declared version is in the database, so that its pods may start.
fn open(service: &ConversationService, schema: Option<&ConversationSchema>) -> bool {
    let Some(wanted) = schema_spec(&service.spec) else { return true };
    let applied = schema.and_then(|schema| schema.status.as_ref()?.applied.as_ref());
    applied.is_some_and(|applied| applied.revision == revision(&wanted))
}

/// What the pods are to run now: the declared version if its schema is there, else what they run.
fn release(service: &ConversationService, open: bool, deployment: Option<&Deployment>) -> Option<Release> {
    let image = &service.spec.image;
    if open {
        return Some(Release { image: image.reference(), version: image.version() });
    }
    // The status knows what was released, whatever somebody made of the Deployment since.
    let recorded = service.status.as_ref().and_then(|status| {
        Some(Release { image: status.image.clone()?, version: status.version.clone().unwrap_or_default() })
    });
    recorded.or_else(|| {
        let pod = deployment?.spec.as_ref()?.template.spec.as_ref()?;
        let image = pod.containers.first()?.image.clone()?;
        let labels = deployment?.metadata.labels.as_ref();
        let version = labels.and_then(|labels| labels.get("app.kubernetes.io/version")).cloned().unwrap_or_default();
        Some(Release { image, version })
    })
}

impl Context {
    /// The object of a kind that has its owner's name, if it is the owner's.
    fn typed<K: DeserializeOwned>(&self, kind: Kind, owner: &Owner) -> Option<K> {
        let object = serde_json::to_value(&*self.stores.object(kind, &owner.namespace, &owner.name)?).ok()?;
        if owned(&object, owner) { serde_json::from_value(object).ok() } else { None }
    }
}
