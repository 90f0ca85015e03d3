//! What is said of a ConversationService: pure functions of what was found.

mod rollout;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};

use super::obstacles::refused;
use crate::{
    api::{
        Condition, ConditionStatus, ConversationSchema, ConversationService, ConversationServiceStatus, PlanSummary,
        Policy,
    },
    conditions::{DEGRADED, MIGRATION_PENDING, PROGRESSING, READY, SCHEMA_DRIFT, Said},
    desired::{Release, endpoint, revision, schema_spec, selector},
    migration::Trouble,
};

pub(super) use rollout::complete;
use rollout::{Rollout, release, rollout};

/// What was found.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Whether the schema of the declared version is there.
    pub(super) open: bool,
    /// The schema.
    pub(super) schema: Option<&'a ConversationSchema>,
    /// The Deployment.
    pub(super) deployment: Option<&'a Deployment>,
    /// Whether what is declared was written, which it is not while the service is paused.
    pub(super) written: bool,
    /// What is in the way of the objects.
    pub(super) trouble: Option<Trouble>,
    /// What is in the way of pods, or of something that the service can do without.
    pub(super) aside: Option<Trouble>,
}

/// The status without its conditions.
pub(super) fn status(service: &ConversationService, found: &Found<'_>) -> ConversationServiceStatus {
    let counts = found.deployment.and_then(|deployment| deployment.status.as_ref());
    // One that was deleted is still what was released last.
    let before = service.status.as_ref();
    let before =
        before.and_then(|status| Some(Release { image: status.image.clone()?, version: status.version.clone()? }));
    let release = found.deployment.and_then(release).or(before);
    let plan = found.schema.and_then(|schema| schema.status.as_ref()?.plan.as_ref());
    ConversationServiceStatus {
        version: release.as_ref().map(|release| release.version.clone()),
        image: release.map(|release| release.image),
        target_version: Some(service.spec.image.version()),
        replicas: counts.and_then(|counts| counts.replicas).unwrap_or_default(),
        ready_replicas: counts.and_then(|counts| counts.ready_replicas).unwrap_or_default(),
        selector: Some(selector(service)),
        endpoint: Some(endpoint(service)),
        plan: plan.map(|plan| PlanSummary {
            approval: plan.approval.clone(),
            outcome: plan.outcome.clone(),
            steps: plan.steps.iter().map(|step| step.id.clone()).collect(),
            destructive: plan.destructive.clone(),
        }),
        ..ConversationServiceStatus::default()
    }
}

/// The conditions.
pub(super) fn states(service: &ConversationService, found: &Found<'_>) -> Vec<Said> {
    let trouble = trouble(service, found);
    let rollout = rollout(service, found);
    let pending = pending(service, found);
    let drift = found.schema.and_then(|schema| said_by(schema, SCHEMA_DRIFT)).map(|it| said(SCHEMA_DRIFT, it));
    let drift = drift.unwrap_or_else(|| match service.spec.migration.policy {
        Policy::None => Said::unknown(SCHEMA_DRIFT, "NotManaged", "migration.policy is None: nobody here compares"),
        _ => Said::unknown(SCHEMA_DRIFT, "NotCompared", "the database has not been compared with what is declared yet"),
    });
    let degraded = match &trouble {
        Some(Trouble { reason, message }) => Said::new(DEGRADED, true, reason, message),
        None => Said::new(DEGRADED, false, "AsExpected", "nothing is wrong"),
    };
    let progressing = progressing(service, found, &rollout, &pending);
    let ready = ready(service, found, trouble, &rollout, &pending);
    vec![ready, progressing, degraded, pending, drift]
}

fn ready(
    service: &ConversationService,
    found: &Found<'_>,
    trouble: Option<Trouble>,
    rollout: &Rollout,
    pending: &Said,
) -> Said {
    // What is wrong with the schema of pods that all answer is said by another condition.
    let version = service.spec.image.version();
    let answer = match rollout {
        Rollout::Complete(1) => Some(format!("1 pod of version {version} answers")),
        Rollout::Complete(pods) => Some(format!("{pods} pods of version {version} answer")),
        Rollout::Short { available, wanted } if stays_ready(service, *available) => {
            Some(format!("{available} of {wanted} pods of version {version} answer"))
        }
        Rollout::Short { .. } | Rollout::Going(_) => None,
    };
    if let Some(answer) = answer
        && found.open
        && found.written
        && found.trouble.is_none()
    {
        return Said::new(READY, true, "Ready", answer);
    }
    let serves = serves(found);
    match trouble {
        Some(trouble) => Said::new(READY, false, trouble.reason, trouble.message + &serves),
        None if !found.open => Said::new(READY, false, &pending.reason, pending.message.clone() + &serves),
        None if !found.written => {
            let message = "spec.paused is set, and what is declared now has not been written";
            Said::new(READY, false, "Paused", message.to_owned() + &serves)
        }
        None => {
            let (reason, message) = rollout.is_under_way().unwrap_or_default();
            Said::new(READY, false, reason, message + &serves)
        }
    }
}

/// Whether a service that was ready remains so: as long as no more pods are missing than a drain may take.
fn stays_ready(service: &ConversationService, available: i32) -> bool {
    let conditions = service.status.iter().flat_map(|status| &status.conditions);
    let mut was_ready = conditions.filter(|said| said.type_ == READY && said.status == ConditionStatus::True);
    was_ready.any(|said| Some(said.observed_generation) == service.metadata.generation)
        && available >= (service.spec.scaling().least() - 1).max(1)
}

/// What goes on meanwhile.
fn serves(found: &Found<'_>) -> String {
    let ready = found.deployment.and_then(|deployment| deployment.status.as_ref()?.ready_replicas).unwrap_or_default();
    // While pods are replaced it is not known of which version those are that serve.
    match found.deployment.filter(|deployment| complete(deployment)).and_then(release) {
        Some(release) if ready > 0 && !found.open => {
            let pods = if ready == 1 { "pod" } else { "pods" };
            format!("; version {} serves on, by {ready} {pods}", release.version)
        }
        _ if ready == 1 => "; 1 pod serves".to_owned(),
        _ if ready > 0 => format!("; {ready} pods serve"),
        _ => "; nothing serves".to_owned(),
    }
}

fn progressing(service: &ConversationService, found: &Found<'_>, rollout: &Rollout, pending: &Said) -> Said {
    if service.spec.paused {
        return Said::new(PROGRESSING, false, "Paused", "spec.paused is set: nothing is done here until it is not");
    }
    if !found.open {
        // The first moments, in which the schema has said nothing yet, are progress too.
        return from_schema(service, found, PROGRESSING)
            .unwrap_or_else(|| Said::new(PROGRESSING, true, &pending.reason, &pending.message));
    }
    match rollout.is_under_way() {
        None => Said::new(PROGRESSING, false, "Settled", "nothing is under way"),
        Some((reason, message)) => Said::new(PROGRESSING, true, reason, message),
    }
}

fn pending(service: &ConversationService, found: &Found<'_>) -> Said {
    if service.spec.migration.policy == Policy::None {
        return Said::new(MIGRATION_PENDING, false, "NotManaged", "migration.policy is None");
    }
    let planning = || Said::new(MIGRATION_PENDING, true, "Planning", "it is not known yet what the database lacks");
    match from_schema(service, found, MIGRATION_PENDING) {
        Some(said) if found.open || said.status == ConditionStatus::True => said,
        _ if !found.open => planning(),
        _ => Said::new(MIGRATION_PENDING, false, "NothingPending", "the schema of this revision is applied"),
    }
}

/// What the schema says about itself. While a rollout waits for it, what it said of what was declared before does not count.
fn from_schema(service: &ConversationService, found: &Found<'_>, type_: &'static str) -> Option<Said> {
    let schema = found.schema?;
    let condition = said_by(schema, type_)?;
    let is_wanted = || schema_spec(&service.spec).is_some_and(|wanted| revision(&wanted) == revision(&schema.spec));
    let is_of_now = || Some(condition.observed_generation) == schema.metadata.generation && is_wanted();
    (found.open || is_of_now()).then(|| said(type_, condition))
}

fn said_by<'a>(schema: &'a ConversationSchema, type_: &str) -> Option<&'a Condition> {
    schema.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == type_)
}

fn said(type_: &'static str, condition: &Condition) -> Said {
    let Condition { status, reason, message, .. } = condition;
    Said { type_, status: *status, reason: reason.clone(), message: message.clone() }
}

fn trouble(service: &ConversationService, found: &Found<'_>) -> Option<Trouble> {
    let migration = || {
        let said = from_schema(service, found, DEGRADED).filter(|said| said.status == ConditionStatus::True)?;
        Some(Trouble::new(said.reason, format!("the migration failed: {}", said.message)))
    };
    let condition = |type_: &str, status: &str| {
        let conditions = found.deployment.and_then(|deployment| deployment.status.as_ref()?.conditions.as_ref());
        conditions.into_iter().flatten().find(|c| c.type_ == type_ && c.status == status).cloned()
    };
    let text = |condition: DeploymentCondition| condition.message.unwrap_or_default();
    let no_pods = || {
        let message = text(condition("ReplicaFailure", "True")?);
        Some(refused("the Deployment gets no more pods", &message))
    };
    let stuck = || {
        let condition = condition("Progressing", "False")?;
        let message = format!("pods do not become ready: {}; see their logs and /health/ready", text(condition));
        Some(Trouble::new("RolloutStuck", message))
    };
    let objects = || found.trouble.clone().or_else(|| found.aside.clone());
    // What holds the new version back matters more than what is wrong with the old one, whose pods it replaces.
    let held_back = if found.open { None } else { migration() };
    held_back.or_else(objects).or_else(no_pods).or_else(migration).or_else(stuck)
}

#[cfg(test)]
mod tests;
