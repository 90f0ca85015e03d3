//! What is said of a schema: its conditions.

use super::{
    Run, State, Step, Trouble, Want,
    decide::{differs, may_apply},
};
use crate::{
    api::{APPROVE_PLAN, ConversationSchemaStatus, Failure, Plan, SchemaPolicy},
    conditions::{DEGRADED, MIGRATION_PENDING, PROGRESSING, READY, SCHEMA_DRIFT, Said},
};

/// What the migrator says of an index that is there and not in the declaration.
const NOT_DECLARED: &str = "is not declared";

/// The conditions of a schema. `step` is what is done next, `refused` why a Job has no pod, if that is known.
#[must_use]
pub fn states(want: &Want, status: &ConversationSchemaStatus, step: &Step, refused: Option<&Trouble>) -> Vec<Said> {
    let applied = status.applied.as_ref().is_some_and(|applied| applied.revision == want.revision);
    let plan = status.plan.as_ref().filter(|plan| plan.revision == want.revision);
    let trouble = trouble(want, status, step, refused);
    let failed = status.failure.as_ref().is_some_and(|failure| failure.revision == want.revision);
    let pending = pending(want, plan, applied, failed, step);
    let ready = match (&trouble, applied) {
        (_, true) => Said::new(READY, true, "Applied", "the database has what is declared"),
        (Some(trouble), false) => Said::new(READY, false, &trouble.reason, &trouble.message),
        (None, false) if want.paused => Said::new(READY, false, "Paused", "spec.paused is set"),
        (None, false) => Said::new(READY, false, &pending.reason, &pending.message),
    };
    let degraded = match trouble {
        Some(Trouble { reason, message }) => Said::new(DEGRADED, true, reason, message),
        None => Said::new(DEGRADED, false, "AsExpected", "nothing is wrong"),
    };
    vec![ready, progressing(want, applied, &pending, step), degraded, pending, drift(status)]
}

fn trouble(want: &Want, status: &ConversationSchemaStatus, step: &Step, refused: Option<&Trouble>) -> Option<Trouble> {
    let waits = match step {
        Step::Await(Run { state: State::Waiting(trouble), .. }) => trouble.as_ref(),
        _ => None,
    };
    if let Some(trouble) = refused.or(waits) {
        return Some(trouble.clone());
    }
    let failure = status.failure.as_ref().filter(|failure| failure.revision == want.revision)?;
    let tries = match failure.reason.as_str() {
        Failure::REFUSED => "it is not tried again soon, because it would be refused again: ".to_owned(),
        _ => format!("attempt {} failed; it is tried again: ", status.attempts),
    };
    Some(Trouble::new(&failure.reason, tries + &failure.message))
}

fn pending(want: &Want, plan: Option<&Plan>, applied: bool, failed: bool, step: &Step) -> Said {
    let said = |reason: &str, message: String| Said::new(MIGRATION_PENDING, true, reason, message);
    if let Some(plan) = plan.filter(|plan| plan.outcome == "newer" && !plan.steps.is_empty()) {
        let message =
            "a newer release has brought the schema further, and only its migrator changes it: these steps wait";
        return said("NewerSchema", format!("{message}: {}", steps(plan)));
    }
    let Some(plan) = plan.filter(|plan| plan.outcome == "pending" || plan.outcome == "blocked") else {
        return match applied {
            true => Said::new(MIGRATION_PENDING, false, "NothingPending", "the schema of this revision is applied"),
            false => said("Planning", "it is not known yet what the database lacks".to_owned()),
        };
    };
    let steps = steps(plan);
    if plan.outcome == "blocked" {
        let why = plan.blocked.join("; ");
        return said("Blocked", format!("a person must decide first: {why}"));
    }
    if may_apply(want, plan) {
        return match step {
            Step::Await(_) | Step::Start(..) => said("Applying", format!("these steps are being made: {steps}")),
            _ if want.paused => said("Paused", format!("spec.paused is set, and these steps wait: {steps}")),
            _ if failed => said("ApplyFailed", format!("these steps are still to be made: {steps}")),
            _ => said("Applying", format!("these steps are about to be made: {steps}")),
        };
    }
    let approve = format!(
        "to apply it: kubectl annotate --overwrite --namespace {} conversationschema {} {APPROVE_PLAN}={}",
        want.namespace, want.name, plan.approval
    );
    let approve = match &want.approval {
        // Typed wrongly, or the plan has become another one since.
        Some(other) => format!("the approval {} is not of this plan; {approve}", shortened(other)),
        None => approve,
    };
    match want.policy {
        SchemaPolicy::Observe => {
            said("Observed", format!("somebody else applies plans here, and these steps are due: {steps}"))
        }
        SchemaPolicy::Automatic => said(
            "DestructiveNotApproved",
            format!("the plan cannot be taken back in {}; {approve}. Steps: {steps}", plan.losses().join(", ")),
        ),
        SchemaPolicy::Approve => said("AwaitingApproval", format!("the plan waits; {approve}. Steps: {steps}")),
    }
}

/// An approval as it is shown back, which may be any text.
fn shortened(approval: &str) -> String {
    approval.chars().filter(|c| !c.is_control()).take(32).collect()
}

fn steps(plan: &Plan) -> String {
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let more = if plan.omitted > 0 { format!(" and {} more", plan.omitted) } else { String::new() };
    steps.join(", ") + &more
}

fn progressing(want: &Want, applied: bool, pending: &Said, step: &Step) -> Said {
    if want.paused {
        return Said::new(PROGRESSING, false, "Paused", "spec.paused is set: nothing is done here until it is not");
    }
    match step {
        Step::Start(command, _) if command.name() != "verify" => {
            Said::new(PROGRESSING, true, "Migrating", format!("the migrator is to {}", command.name()))
        }
        Step::Await(run) if run.command != "verify" => {
            Said::new(PROGRESSING, true, "Migrating", format!("Job {} runs", run.job))
        }
        _ if applied => Said::new(PROGRESSING, false, "Settled", "there is nothing to do"),
        // Somebody else is to do something, or it is tried again later.
        _ => Said::new(PROGRESSING, false, "Waiting", &pending.message),
    }
}

fn drift(status: &ConversationSchemaStatus) -> Said {
    let first: Vec<String> =
        status.drift.iter().take(3).map(|drift| format!("{}: {}", drift.subject, drift.problem)).collect();
    match (first.is_empty(), differs(status)) {
        (false, _) => {
            let more = status.drift.len() - first.len();
            let more = if more > 0 { format!("; and {more} more in status.drift") } else { String::new() };
            // What nobody declares may have been made by hand, or be what was declared once.
            let undeclared = status.drift.iter().all(|drift| drift.problem.contains(NOT_DECLARED));
            let reason = if undeclared { "NotDeclared" } else { "ChangedByHand" };
            Said::new(SCHEMA_DRIFT, true, reason, first.join("; ") + &more)
        }
        (true, true) => {
            let found = status.verified.as_deref().unwrap_or_default();
            Said::new(SCHEMA_DRIFT, true, "NotAsDeclared", format!("the last comparison found: {found}"))
        }
        (true, false) if status.plan.is_none() && status.applied.is_none() && status.last_verified.is_none() => {
            Said::unknown(SCHEMA_DRIFT, "NotCompared", "the database has not been compared with what is declared yet")
        }
        (true, false) => Said::new(SCHEMA_DRIFT, false, "AsDeclared", "nothing was found otherwise than declared"),
    }
}
