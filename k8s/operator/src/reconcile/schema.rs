//! Reconciles a ConversationSchema: executes what `migration::next` decides.

use std::{sync::Arc, time::Duration};

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{ResourceExt, runtime::controller::Action};

use super::{Context, Error, RESYNC};
use crate::{
    api::{APPROVE_PLAN, ConversationSchema},
    conditions::merge,
    desired::{Owner, revision},
    migration::{Step, Want, next, record, states},
};

/// How soon a run is looked at again of which nothing is heard.
const IMPATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn reconcile(schema: Arc<ConversationSchema>, context: Arc<Context>) -> Result<Action, Error> {
    if schema.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let owner = Owner::from(&*schema);
    let want = want(&schema, context.rests(&schema));
    let now = Timestamp::now();

    let mut status = schema.status.clone().unwrap_or_default();
    let first = status.runs;
    let step = loop {
        let run = context.run(&owner, status.runs + 1);
        match next(&want, &status, run.as_ref(), now) {
            Step::Record(run) => status = record(status, &run),
            step => break step,
        }
    };
    if status.runs > first {
        context.forget_oldest(&owner, status.runs).await?;
    }
    let mut refused = None;
    let (action, done) = match &step {
        // The copies do not have it yet, so there is nothing to await here.
        Step::Start(command, number) => (RESYNC, context.start(&owner, &schema.spec, command, *number).await),
        Step::Remove(run) => (IMPATIENCE, context.remove_job(&owner, &run.job).await),
        Step::Await(run) => {
            refused = context.refused(&owner, run, now).await?;
            (IMPATIENCE, Ok(()))
        }
        Step::Rest(until) => (until.duration_since(now).unsigned_abs().min(RESYNC), Ok(())),
        Step::Pause | Step::Record(_) => (RESYNC, Ok(())),
    };
    if let Err(error) = &done {
        refused = Some(error.trouble());
    }

    let said = states(&want, &status, &step, refused.as_ref());
    let generation = schema.metadata.generation.unwrap_or_default();
    let before = schema.status.as_ref().map_or(&[][..], |status| &status.conditions);
    status.conditions = merge(before, said, generation, now);
    status.observed_generation = Some(generation);
    context.report(&*schema, schema.status.as_ref(), &status).await?;
    context.announce(&*schema, before, &status.conditions).await;
    done?;
    Ok(Action::requeue(action))
}

fn want(schema: &ConversationSchema, paused: bool) -> Want {
    Want {
        name: schema.name_any(),
        revision: revision(&schema.spec),
        policy: schema.spec.migration.policy,
        approval: schema.annotations().get(APPROVE_PLAN).cloned(),
        verify_every: SignedDuration::from_secs(schema.spec.verify_every_seconds),
        paused,
    }
}

impl Context {
    /// Whether a schema is paused, by itself or by the service that it belongs to.
    fn rests(&self, schema: &ConversationSchema) -> bool {
        let by_service = || {
            let service = self.stores.service(&schema.namespace()?, &schema.name_any())?;
            let owned = schema.owner_references().iter().any(|owner| Some(&owner.uid) == service.uid().as_ref());
            Some(owned && service.spec.paused)
        };
        schema.spec.paused || by_service().unwrap_or_default()
    }
}
