//! What the end of a run changes in what is known. The same end changes it in the same way however often it is taken into
//! account, so it does no harm to do so from an old copy of the status.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{End, Run, State, Summary, Trouble};
use crate::{
    api::{AppliedSchema, Condition, ConditionStatus, ConversationSchemaStatus, Failure, Plan},
    conditions::DEGRADED,
};

/// The longest text of a failure that is kept in the status.
const LONGEST: usize = 2000;
/// How the migrator exits when it cannot use its command line or its declaration.
const BAD_COMMAND: i32 = 64;

/// The status after a run; unchanged while it has not ended.
#[must_use]
pub fn record(mut status: ConversationSchemaStatus, run: &Run) -> ConversationSchemaStatus {
    let State::Ended(end) = &run.state else { return status };
    status.runs = run.number;
    match succeeded(run, end) {
        Ok(summary) => success(&mut status, run, end.at, summary),
        Err(trouble) => {
            let made_nothing = [Failure::PLAN_CHANGED, Failure::REFUSED].contains(&trouble.reason.as_str());
            // The plan is no longer the one that is due.
            if trouble.reason == Failure::PLAN_CHANGED {
                status.plan = None;
            }
            // Some of another revision's steps may have been made, so nothing is known to be applied any more.
            if run.command == "apply" && !made_nothing {
                status.applied = status.applied.filter(|applied| applied.revision == run.revision);
            }
            let same = status.failure.as_ref().is_none_or(|failure| failure.revision == run.revision);
            status.attempts = if same { status.attempts + 1 } else { 1 };
            let at = Time(end.at);
            let Trouble { reason, message } = known_before(&status, run, end).unwrap_or(trouble);
            let message = message.chars().take(LONGEST).collect();
            status.failure =
                Some(Failure { revision: run.revision.clone(), job: run.job.clone(), reason, message, at });
        }
    }
    status
}

/// Why a run was ended that never began: what was said while it waited, which tells more than that it waited too long.
fn known_before(status: &ConversationSchemaStatus, run: &Run, end: &End) -> Option<Trouble> {
    let late = end.failure.as_ref().is_some_and(|failure| failure.reason == "DeadlineExceeded");
    if !late || end.exit_code.is_some() {
        return None;
    }
    let about_it = |said: &&Condition| {
        said.type_ == DEGRADED && said.status == ConditionStatus::True && said.message.contains(&run.job)
    };
    let said = status.conditions.iter().find(about_it)?;
    Some(Trouble::new(&said.reason, &said.message))
}

fn succeeded<'a>(run: &Run, end: &'a End) -> Result<&'a Summary, Trouble> {
    let failed = || match &end.failure {
        Some(Trouble { message, .. }) => format!("Job {}: {message}", run.job),
        None => format!("Job {} ended without saying how", run.job),
    };
    let said = || end.summary.as_ref().and_then(|summary| summary.error.clone()).unwrap_or_else(failed);
    if end.exit_code == Some(BAD_COMMAND) {
        return Err(Trouble::new(Failure::REFUSED, said()));
    }
    // It ends by a signal then, of which it may still have been able to say something.
    let late = end.failure.as_ref().filter(|failure| failure.reason == "DeadlineExceeded").map(|failure| {
        let why = format!("Job {} was ended because it took too long: {}", run.job, failure.message);
        // Of a pod that is gone nobody can tell any more whether it ever began.
        let remedy = match end.exit_code {
            Some(_) => "raise timeoutSeconds",
            None => "raise timeoutSeconds, unless its container never began",
        };
        Trouble::new("TimedOut", format!("{why}; {remedy}"))
    });
    let Some(summary) = &end.summary else {
        return Err(late.unwrap_or_else(|| Trouble::new("MigratorFailed", failed())));
    };
    match (summary.verdict(), run.command.as_str()) {
        ("error", _) => Err(late.unwrap_or_else(|| Trouble::new("MigratorFailed", said()))),
        ("blocked", "apply") => {
            let blocked: Vec<String> = summary.blocked.iter().map(ToString::to_string).collect();
            let why = if blocked.is_empty() { said() } else { blocked.join("; ") };
            Err(Trouble::new(Failure::PLAN_CHANGED, format!("the plan was refused: {why}")))
        }
        ("pending", "apply") => {
            Err(Trouble::new("StepsPending", format!("Job {} ended before all steps were made", run.job)))
        }
        _ if end.failure.is_some() => Err(Trouble::new("MigratorFailed", said())),
        _ => Ok(summary),
    }
}

fn success(status: &mut ConversationSchemaStatus, run: &Run, at: Timestamp, summary: &Summary) {
    if status.failure.take().is_some_and(|failure| failure.revision != run.revision) {
        status.attempts = 0;
    }
    status.drift.clone_from(&summary.drift);
    let verdict = summary.verdict();
    let settled = ["clean", "drift", "newer"].contains(&verdict);
    if run.command == "verify" {
        status.last_verified = Some(Time(at));
        status.verified = Some(verdict.to_owned());
        status.attempts = 0;
        return;
    }
    // After an apply nothing is left of the plan; that it was made last is worth knowing.
    status.plan = Some(plan(run, at, summary));
    if settled {
        status.attempts = 0;
        status.verified = None;
        let same = status.applied.as_ref().is_some_and(|applied| applied.revision == run.revision);
        if run.command == "apply" || !same {
            status.applied = Some(AppliedSchema {
                revision: run.revision.clone(),
                schema_version: summary.schema_version,
                schema_checksum: summary.schema_checksum.clone(),
                at: Time(at),
            });
        }
    }
}

fn plan(run: &Run, at: Timestamp, summary: &Summary) -> Plan {
    let outcome = summary.verdict();
    let pending = ["pending", "blocked", "newer"].contains(&outcome);
    Plan {
        revision: run.revision.clone(),
        approval: summary.approval.clone(),
        outcome: outcome.to_owned(),
        steps: if pending { summary.steps.clone() } else { Vec::new() },
        destructive: if pending { summary.destructive.clone() } else { Vec::new() },
        blocked: summary.blocked.iter().map(ToString::to_string).collect(),
        omitted: summary.omitted,
        at: Time(at),
    }
}
