//! Reconciles a ConversationService: its objects, and its Deployment's version once the schema is there.

use std::{sync::Arc, time::Duration};

use k8s_openapi::{api::apps::v1::Deployment, jiff::Timestamp};
use kube::runtime::controller::Action;

use super::{
    Context, Error, IMPATIENCE, RESYNC, SOON,
    apply::{APPLIED, Done},
    key, log, owns,
    states::{self, Found},
};
use crate::{
    api::{ConversationSchema, ConversationService},
    conditions::merge,
    desired::{Desired, Owner, Release, hash, objects, places, revision, schema_spec},
    kinds::Kind,
    migration::Trouble,
    pods,
};

pub(super) async fn reconcile(service: Arc<ConversationService>, context: Arc<Context>) -> Result<Action, Error> {
    if service.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let owner = Owner::from(&*service);
    let schema = context.stores.schema(&owner.namespace, &owner.name).filter(|schema| owns(&owner.uid, &**schema));
    let deployment = context.deployment(&owner, &service).await?;
    let open = open(&service, schema.as_deref());
    let release = release(&service, open);

    let mut worked = Worked { deployment, ..Worked::default() };
    if !service.spec.paused {
        worked.work(&context, &owner, &service, open, release.as_ref(), schema.as_deref()).await;
    }
    let complete = worked.deployment.as_ref().is_some_and(states::complete);
    if let Some(error) = &worked.error
        && is_worth_saying(error, complete, context.failures.has_failed(&key(&*service)))
    {
        worked.trouble = Some(error.trouble());
    }
    if worked.trouble.is_none() && worked.deployment.is_some() && !complete {
        worked.look_at_pods(&context, &owner).await;
    }
    let Worked { deployment, trouble, aside, error, again } = worked;

    let written = !service.spec.paused || context.is_written(&owner, &objects(&service, release.as_ref()));
    let found = Found { open, schema: schema.as_deref(), deployment: deployment.as_ref(), written, trouble, aside };
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

/// Whether people are to be told of an error: not of one that may have passed at the next attempt, while pods answer.
fn is_worth_saying(error: &Error, complete: bool, failed_before: bool) -> bool {
    !error.may_pass() || !complete || failed_before
}

/// What came of making the objects.
#[derive(Default)]
struct Worked {
    /// The Deployment, as it is after this.
    deployment: Option<Deployment>,
    /// What keeps the service from being what is declared.
    trouble: Option<Trouble>,
    /// What else is wrong.
    aside: Option<Trouble>,
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
        schema: Option<&ConversationSchema>,
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
            // A service that nobody looks at serves.
            let unwatched = matches!(object.kind, Kind::ServiceMonitor | Kind::PrometheusRule);
            let said = if unwatched { &mut self.aside } else { &mut self.trouble };
            said.get_or_insert_with(|| Trouble::new("KindMissing", message));
        }
        if let Some(deployment) = &kept {
            let done = context.relabel(owner, deployment).await;
            self.note(Kind::Deployment, &owner.name, done);
        }
        if let (Some(deployment), Some(replicas)) = (&kept, service.spec.scaling().replicas) {
            let done = context.scale(owner, deployment, replicas).await;
            self.note(Kind::Deployment, &owner.name, done);
        }
        for (kind, name) in places(owner) {
            let wanted = objects.iter().any(|object| object.kind == kind && object.name == name);
            if wanted || !context.kinds.contains(&kind) {
                continue;
            }
            let stays = match kind {
                // One that is not declared now is one whose version is not known yet, and not one to delete.
                Kind::Deployment => Ok(true),
                // That of pods that go on as they are.
                Kind::ServiceAccount => Ok(kept.is_some()),
                Kind::ConversationSchema => match schema {
                    Some(schema) => context.applies(schema).await,
                    None => Ok(false),
                },
                _ => Ok(false),
            };
            let done = match stays {
                Ok(true) => Ok(Done::Nothing),
                Ok(false) => context.prune(owner, kind, &name).await.map(|()| Done::Nothing),
                Err(error) => Err(error),
            };
            self.note(kind, &name, done);
        }
    }

    /// What is in the way of the pods.
    async fn look_at_pods(&mut self, context: &Context, owner: &Owner) {
        let pods = context.stores.pods(&owner.namespace, &owner.name, "api");
        let mut trouble = pods.iter().find_map(|pod| pods::trouble(pod));
        if trouble.is_none()
            && let Some(pod) = pods.iter().find(|pod| pods::is_being_made(pod))
        {
            let asked = context.unmade(pod, Timestamp::now()).await;
            trouble = asked.unwrap_or_else(|error| log(owner, &error));
            self.look_again(IMPATIENCE);
        }
        self.aside = trouble.or(self.aside.take());
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
            Err(error) => {
                self.error.get_or_insert(error);
            }
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
    /// Whether objects were written just as they are declared now.
    fn is_written(&self, owner: &Owner, objects: &[Desired]) -> bool {
        let mut objects = objects.iter().filter(|object| self.kinds.contains(&object.kind));
        objects.all(|Desired { kind, name, body }| {
            let copy = self.copy(*kind, &owner.namespace, name);
            copy.is_some_and(|copy| copy["metadata"]["annotations"][APPLIED] == hash(body).as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_said_when_it_does_not_or_when_pods_are_missing() {
        let away = Error::from(kube::Error::TlsRequired);
        assert!(!is_worth_saying(&away, true, false));
        assert!(is_worth_saying(&away, true, true));
        assert!(is_worth_saying(&away, false, false));
        let taken = Error::Taken { kind: Kind::Service, name: "shop".to_owned(), holder: "nobody".to_owned() };
        assert!(is_worth_saying(&taken, true, false));
    }
}
