//! What the end of a run changes in what is known. The same end changes it in the same way however often it is taken into
//! account, so it does no harm to do so from an old copy of the status.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{End, Run, State, Summary, Trouble};
use crate::api::{AppliedSchema, ConversationSchemaStatus, Failure, Plan};

/// The longest text of a failure that is kept in the status.
const LONGEST: usize = 2000;

/// The status after a run; unchanged while it has not ended.
#[must_use]
pub fn record(mut status: ConversationSchemaStatus, run: &Run) -> ConversationSchemaStatus {
    let State::Ended(end) = &run.state else { return status };
    status.runs = run.number;
    match succeeded(run, end) {
        Ok(summary) => success(&mut status, run, end.at, summary),
        Err(trouble) => {
            // The plan that was approved is no longer the one that is due.
            if trouble.reason == "PlanChanged" {
                status.plan = None;
            }
            status.attempts += 1;
            let at = Time(end.at);
            let Trouble { reason, message } = trouble;
            let message = message.chars().take(LONGEST).collect();
            status.failure =
                Some(Failure { revision: run.revision.clone(), job: run.job.clone(), reason, message, at });
        }
    }
    status
}

fn succeeded<'a>(run: &Run, end: &'a End) -> Result<&'a Summary, Trouble> {
    let failed = || Trouble::new("MigratorFailed", format!("Job {} ended without saying how", run.job));
    let Some(summary) = &end.summary else {
        return Err(match &end.failure {
            Some(Trouble { reason, message }) if reason == "DeadlineExceeded" => Trouble::new(
                "TimedOut",
                format!("Job {} was ended because it took too long: {message}; raise timeoutSeconds", run.job),
            ),
            Some(Trouble { message, .. }) => Trouble::new("MigratorFailed", format!("Job {}: {message}", run.job)),
            None => failed(),
        });
    };
    let said = || summary.error.clone().unwrap_or_else(|| failed().message);
    match (summary.verdict(), run.command.as_str()) {
        ("error", _) => Err(Trouble::new("MigratorFailed", said())),
        ("blocked", "apply") => {
            let blocked: Vec<String> = summary.blocked.iter().map(ToString::to_string).collect();
            let why = if blocked.is_empty() { said() } else { blocked.join("; ") };
            Err(Trouble::new("PlanChanged", format!("the plan that was approved was refused: {why}")))
        }
        ("pending", "apply") => {
            Err(Trouble::new("StepsPending", format!("Job {} ended before all steps were made", run.job)))
        }
        _ if end.failure.is_some() => Err(Trouble::new("MigratorFailed", said())),
        _ => Ok(summary),
    }
}

fn success(status: &mut ConversationSchemaStatus, run: &Run, at: Timestamp, summary: &Summary) {
    status.failure = None;
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
    let pending = outcome == "pending" || outcome == "blocked";
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
