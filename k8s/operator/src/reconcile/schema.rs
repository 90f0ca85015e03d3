//! Reconciles a ConversationSchema: executes what `migration::next` decides.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{ResourceExt, runtime::controller::Action};

use super::{Context, Error, IMPATIENCE, RESYNC, SOON, log, owns};
use crate::{
    api::{APPROVE_PLAN, ConversationSchema, ConversationSchemaStatus, ConversationService},
    conditions::merge,
    desired::{Command, Owner, fingerprint, revision},
    migration::{Step, Want, apply, next, record, states},
};

pub(super) async fn reconcile(schema: Arc<ConversationSchema>, context: Arc<Context>) -> Result<Action, Error> {
    if schema.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let owner = Owner::from(&*schema);
    let now = Timestamp::now();

    let mut status = schema.status.clone().unwrap_or_default();
    let first = status.runs;
    let (want, step) = loop {
        let want = context.want(&owner, &schema, &status);
        let run = context.run(&owner, status.runs + 1).await?;
        match next(&want, &status, run.as_ref(), now) {
            Step::Record(run) => status = record(status, &run),
            step => break (want, step),
        }
    };
    let mut refused = None;
    let (mut action, done) = match &step {
        // The copies do not have it yet, so there is nothing to await here.
        Step::Start(command, number) => (RESYNC, context.start(&owner, &schema.spec, command, *number).await),
        Step::Remove(run) => (IMPATIENCE, context.remove_job(&owner, &run.job, &run.uid).await),
        Step::Await(run) => {
            // It adds to what is said, and does not hold it up.
            let asked = context.obstacle(&owner.namespace, run, now).await;
            refused = asked.unwrap_or_else(|error| log(&owner, &error));
            (IMPATIENCE, Ok(()))
        }
        Step::Rest(until) => (until.duration_since(now).unsigned_abs().min(RESYNC), Ok(())),
        Step::Pause | Step::Record(_) => (RESYNC, Ok(())),
    };
    match &done {
        Err(error) if error.is_passing() => action = SOON,
        Err(error) => refused = Some(error.trouble()),
        Ok(()) => {}
    }

    let said = states(&want, &status, &step, refused.as_ref());
    let generation = schema.metadata.generation.unwrap_or_default();
    let before = schema.status.as_ref().map_or(&[][..], |status| &status.conditions);
    status.conditions = merge(before, said, generation, now);
    status.observed_generation = Some(generation);
    context.report(&*schema, schema.status.as_ref(), &status).await?;
    context.announce(&*schema, before, &status.conditions).await;
    // Only now, because what a Job said is in the status now. One that is left over expires by itself.
    if status.runs > first
        && !want.paused
        && let Err(error) = context.forget_oldest(&owner, status.runs).await
    {
        log::<()>(&owner, &error);
    }
    match done {
        Err(error) if !error.is_passing() => Err(error),
        _ => Ok(Action::requeue(action)),
    }
}

impl Context {
    fn want(&self, owner: &Owner, schema: &ConversationSchema, status: &ConversationSchemaStatus) -> Want {
        let service = self.owning_service(schema);
        let given = |annotations: &BTreeMap<String, String>| annotations.get(APPROVE_PLAN).cloned();
        let approvals = [given(schema.annotations()), service.as_deref().and_then(|it| given(it.annotations()))];
        let mut want = Want {
            namespace: owner.namespace.clone(),
            name: owner.name.clone(),
            revision: revision(&schema.spec),
            policy: schema.spec.migration.policy,
            approval: None,
            verify_every: SignedDuration::from_secs(schema.spec.verify_every_seconds),
            paused: schema.spec.paused || service.is_some_and(|service| service.spec.paused),
            bodies: BTreeMap::new(),
        };
        let mut commands = vec![Command::Plan, Command::Verify];
        if let Some(plan) = &status.plan {
            // Either object may be annotated, and an old approval on the one does not make a new one on the other void.
            let mut given: Vec<String> = approvals.into_iter().flatten().collect();
            let of_it = given.iter().position(|approval| *approval == plan.approval).unwrap_or_default();
            want.approval = (!given.is_empty()).then(|| given.swap_remove(of_it));
            commands.push(apply(&want, plan));
        }
        let body = |command: &Command| (command.name(), fingerprint(owner, &schema.spec, command));
        want.bodies = commands.iter().map(body).collect();
        want
    }

    /// The service that a schema belongs to.
    fn owning_service(&self, schema: &ConversationSchema) -> Option<Arc<ConversationService>> {
        let service = self.stores.service(&schema.namespace()?, &schema.name_any())?;
        owns(&service.uid()?, schema).then_some(service)
    }
}
