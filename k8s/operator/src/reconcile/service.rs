//! Reconciles a ConversationService: its objects, and its Deployment's version once the schema is there.

use std::{sync::Arc, time::Duration};

use k8s_openapi::{api::apps::v1::Deployment, jiff::Timestamp};
use kube::runtime::controller::Action;
use serde::de::DeserializeOwned;

use super::{
    Context, Error, IMPATIENCE, RESYNC, SOON,
    apply::{Done, owned},
    log,
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
    let deployment: Option<Deployment> = context.typed(Kind::Deployment, &owner);
    let open = open(&service, schema.as_deref());
    let release = release(&service, open);

    let mut worked = Worked { deployment, ..Worked::default() };
    if !service.spec.paused {
        worked.work(&context, &owner, &service, open, release.as_ref()).await;
    }
    let unready = worked.deployment.as_ref().is_some_and(|deployment| !states::complete(deployment));
    if worked.trouble.is_none() && unready {
        worked.look_at_pods(&context, &owner).await;
    }
    let Worked { deployment, trouble, error, again } = worked;

    let found = Found { open, schema: schema.as_deref(), deployment: deployment.as_ref(), trouble };
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
        None => Ok(Action::requeue(again.unwrap_or(RESYNC))),
    }
}

/// What came of making the objects.
#[derive(Default)]
struct Worked {
    /// The Deployment, as it is after this.
    deployment: Option<Deployment>,
    /// What to say about it.
    trouble: Option<Trouble>,
    /// What to try again.
    error: Option<Error>,
    /// When to look again though nothing changes until then.
    again: Option<Duration>,
}

impl Worked {
    async fn work(
        &mut self,
        context: &Context,
        owner: &Owner,
        service: &ConversationService,
        open: bool,
        release: Option<&Release>,
    ) {
        // Pods that run go on just as they are while the schema of what is declared is not there: not only their image, also
        // their settings and their database may be those of another version.
        let kept = self.deployment.clone().filter(|_| !open);
        let objects = objects(service, if kept.is_some() { None } else { release });
        for object in &objects {
            if context.kinds.contains(&object.kind) {
                let done = context.ensure(owner, object).await;
                self.note(object.kind, &object.name, done);
                continue;
            }
            let kind = object.kind.row();
            let message = format!(
                "{} is asked for, but the cluster does not have the kind: install what brings {}/{}, or do not ask for it",
                kind.name, kind.group, kind.version
            );
            self.trouble.get_or_insert_with(|| Trouble::new("KindMissing", message));
        }
        if let (Some(deployment), Some(replicas)) = (&kept, service.spec.scaling().replicas) {
            let done = context.scale(owner, deployment, replicas).await;
            self.note(Kind::Deployment, &owner.name, done);
        }
        for (kind, name) in places(owner) {
            let wanted = objects.iter().any(|object| object.kind == kind && object.name == name);
            // A Deployment that is not declared now is one whose version is not known yet, and not one to delete; nor is the
            // account of pods that go on as they are.
            let kept = kind == Kind::Deployment || (kind == Kind::ServiceAccount && kept.is_some());
            if !wanted && !kept && context.kinds.contains(&kind) {
                let done = context.prune(owner, kind, &name).await.map(|()| Done::Nothing);
                self.note(kind, &name, done);
            }
        }
    }

    /// What is in the way of the pods.
    async fn look_at_pods(&mut self, context: &Context, owner: &Owner) {
        let pods = context.stores.pods(&owner.namespace, &owner.name, "api");
        self.trouble = pods.iter().find_map(|pod| pods::trouble(pod));
        if self.trouble.is_none()
            && let Some(pod) = pods.iter().find(|pod| pods::is_being_made(pod))
        {
            let asked = context.unmade(pod, Timestamp::now()).await;
            self.trouble = asked.unwrap_or_else(|error| log(owner, &error));
            self.look_again(IMPATIENCE);
        }
    }

    fn look_again(&mut self, wait: Duration) {
        self.again = Some(self.again.map_or(wait, |again| again.min(wait)));
    }

    /// The first that went wrong is what is said; the rest is tried all the same.
    fn note(&mut self, kind: Kind, name: &str, done: Result<Done, Error>) {
        match done {
            Ok(Done::Nothing) => {}
            Ok(Done::Written(object)) if kind == Kind::Deployment => {
                self.deployment = object.try_parse().ok().or(self.deployment.take());
            }
            Ok(Done::Written(_)) => {}
            Ok(Done::Contended(wait)) => {
                let message = format!("somebody keeps changing {} {name}", kind.row().name);
                self.trouble.get_or_insert_with(|| Trouble::new("Contended", message));
                self.look_again(wait);
            }
            // Its copy is behind, and the watch brings the next one.
            Err(error) if error.is_passing() => self.look_again(SOON),
            Err(error) if self.error.is_none() => {
                self.trouble = Some(error.trouble());
                self.error = Some(error);
            }
            Err(_) => {}
        }
    }
}

/// Whether the schema of the declared version is in the database, so that its pods may start.
fn open(service: &ConversationService, schema: Option<&ConversationSchema>) -> bool {
    let Some(wanted) = schema_spec(&service.spec) else { return true };
    let applied = schema.and_then(|schema| schema.status.as_ref()?.applied.as_ref());
    applied.is_some_and(|applied| applied.revision == revision(&wanted))
}

/// What the pods of a Deployment are to run that is written now: the declared version if its schema is there, else the one
/// that was released last, whose Deployment somebody deleted.
fn release(service: &ConversationService, open: bool) -> Option<Release> {
    let image = &service.spec.image;
    if open {
        return Some(Release { image: image.reference(), version: image.version() });
    }
    let status = service.status.as_ref()?;
    Some(Release { image: status.image.clone()?, version: status.version.clone().unwrap_or_default() })
}

impl Context {
    /// The object of a kind that has its owner's name, if it is the owner's.
    fn typed<K: DeserializeOwned>(&self, kind: Kind, owner: &Owner) -> Option<K> {
        let object = serde_json::to_value(&*self.stores.object(kind, &owner.namespace, &owner.name)?).ok()?;
        if owned(&object, owner) { serde_json::from_value(object).ok() } else { None }
    }
}
