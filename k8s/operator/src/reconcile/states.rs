//! What is said of a ConversationService: pure functions of what was found.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};

use crate::{
    api::{
        Condition, ConditionStatus, ConversationSchema, ConversationService, ConversationServiceStatus, PlanSummary,
        Policy,
    },
    conditions::{DEGRADED, MIGRATION_PENDING, PROGRESSING, READY, SCHEMA_DRIFT, Said},
    desired::{Release, endpoint, selector},
    migration::Trouble,
};

/// What was found.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Whether the schema of the declared version is there.
    pub(super) open: bool,
    /// The schema.
    pub(super) schema: Option<&'a ConversationSchema>,
    /// The Deployment.
    pub(super) deployment: Option<&'a Deployment>,
    /// What is in the way of the objects or of the pods.
    pub(super) trouble: Option<Trouble>,
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
    let trouble = trouble(found);
    let rollout = rollout(service, found);
    let pending = pending(service, found);
    let drift = from_schema(found, SCHEMA_DRIFT).unwrap_or_else(|| match service.spec.migration.policy {
        Policy::None => Said::unknown(SCHEMA_DRIFT, "NotManaged", "migration.policy is None: nobody here compares"),
        _ => Said::unknown(SCHEMA_DRIFT, "NotCompared", "the database has not been compared with what is declared yet"),
    });
    let degraded = match &trouble {
        Some(Trouble { reason, message }) => Said::new(DEGRADED, true, reason, message),
        None => Said::new(DEGRADED, false, "AsExpected", "nothing is wrong"),
    };
    let progressing = progressing(service, found, &rollout, &pending);
    let ready = ready(service, found, trouble, rollout, &pending);
    vec![ready, progressing, degraded, pending, drift]
}

fn ready(
    service: &ConversationService,
    found: &Found<'_>,
    trouble: Option<Trouble>,
    rollout: Rollout,
    pending: &Said,
) -> Said {
    let serves = serves(found);
    let rolling = match rollout {
        // What is wrong with the schema of pods that all answer is said by another condition.
        Rollout::Complete(pods) if found.open && found.trouble.is_none() => {
            let version = service.spec.image.version();
            return Said::new(
                READY,
                true,
                "Ready",
                match pods {
                    1 => format!("1 pod of version {version} answers"),
                    _ => format!("{pods} pods of version {version} answer"),
                },
            );
        }
        Rollout::Complete(_) => String::new(),
        Rollout::Going(message) => message,
    };
    match trouble {
        Some(trouble) => Said::new(READY, false, trouble.reason, trouble.message + &serves),
        None if found.open => Said::new(READY, false, "RollingOut", rolling + &serves),
        None => Said::new(READY, false, &pending.reason, pending.message.clone() + &serves),
    }
}

/// What goes on meanwhile.
fn serves(found: &Found<'_>) -> String {
    let ready = found.deployment.and_then(|deployment| deployment.status.as_ref()?.ready_replicas).unwrap_or_default();
    match found.deployment.and_then(release) {
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
        return from_schema(found, PROGRESSING)
            .unwrap_or_else(|| Said::new(PROGRESSING, true, &pending.reason, &pending.message));
    }
    match rollout {
        Rollout::Complete(_) => Said::new(PROGRESSING, false, "Settled", "nothing is under way"),
        Rollout::Going(message) => Said::new(PROGRESSING, true, "RollingOut", message),
    }
}

fn pending(service: &ConversationService, found: &Found<'_>) -> Said {
    if service.spec.migration.policy == Policy::None {
        return Said::new(MIGRATION_PENDING, false, "NotManaged", "migration.policy is None");
    }
    let said = from_schema(found, MIGRATION_PENDING);
    let planning = || Said::new(MIGRATION_PENDING, true, "Planning", "it is not known yet what the database lacks");
    match said {
        Some(said) if found.open || said.status == ConditionStatus::True => said,
        // What the schema says is still about what was declared before.
        _ if !found.open => planning(),
        _ => Said::new(MIGRATION_PENDING, false, "NothingPending", "the schema of this revision is applied"),
    }
}

/// What the schema says about itself.
fn from_schema(found: &Found<'_>, type_: &'static str) -> Option<Said> {
    let conditions = &found.schema?.status.as_ref()?.conditions;
    let Condition { status, reason, message, .. } = conditions.iter().find(|condition| condition.type_ == type_)?;
    Some(Said { type_, status: *status, reason: reason.clone(), message: message.clone() })
}

fn trouble(found: &Found<'_>) -> Option<Trouble> {
    let migration = || {
        let said = from_schema(found, DEGRADED).filter(|said| said.status == ConditionStatus::True)?;
        Some(Trouble::new(said.reason, format!("the migration failed: {}", said.message)))
    };
    let condition = |type_: &str, status: &str| {
        let conditions = found.deployment.and_then(|deployment| deployment.status.as_ref()?.conditions.as_ref());
        conditions.into_iter().flatten().find(|c| c.type_ == type_ && c.status == status).cloned()
    };
    let text = |condition: DeploymentCondition| condition.message.unwrap_or_default();
    let refused = || {
        let message = text(condition("ReplicaFailure", "True")?);
        let reason = if message.contains("quota") { "QuotaExceeded" } else { "PodsRefused" };
        Some(Trouble::new(reason, format!("the Deployment gets no more pods: {message}")))
    };
    let stuck = || {
        let condition = condition("Progressing", "False")?;
        let message = format!("pods do not become ready: {}; see their logs and /health/ready", text(condition));
        Some(Trouble::new("RolloutStuck", message))
    };
    // What holds the new version back matters more than what is wrong with the old one, whose pods it replaces.
    let held_back = if found.open { None } else { migration() };
    held_back.or_else(|| found.trouble.clone()).or_else(refused).or_else(migration).or_else(stuck)
}

/// Where the Deployment is.
#[derive(Debug)]
enum Rollout {
    /// This many pods are of the declared kind and available, and no others are there.
    Complete(i32),
    /// Not there yet.
    Going(String),
}

fn rollout(service: &ConversationService, found: &Found<'_>) -> Rollout {
    let Some(deployment) = found.deployment else {
        return Rollout::Going("the Deployment is being made".to_owned());
    };
    let counts = deployment.status.clone().unwrap_or_default();
    let (updated, available) =
        (counts.updated_replicas.unwrap_or_default(), counts.available_replicas.unwrap_or_default());
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let current = !found.open || release(deployment).is_some_and(|it| it.image == service.spec.image.reference());
    if current && complete(deployment) {
        Rollout::Complete(available)
    } else {
        Rollout::Going(format!("{updated} of {wanted} pods are of the declared kind, {available} available"))
    }
}

/// What a Deployment declares that its pods run.
fn release(deployment: &Deployment) -> Option<Release> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    let labels = deployment.metadata.labels.as_ref();
    let version = labels.and_then(|labels| labels.get("app.kubernetes.io/version")).cloned().unwrap_or_default();
    Some(Release { image: pod.containers.first()?.image.clone()?, version })
}

/// Whether all pods of a Deployment are as it declares, and available.
pub(super) fn complete(deployment: &Deployment) -> bool {
    let Some(counts) = deployment.status.as_ref() else { return false };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let is_wanted = |count: Option<i32>| count.unwrap_or_default() == wanted;
    counts.observed_generation >= deployment.metadata.generation
        && is_wanted(counts.replicas)
        && is_wanted(counts.updated_replicas)
        && is_wanted(counts.available_replicas)
}

#[cfg(test)]
mod tests;
