//! What is to be done next for a schema: a pure function of what is declared and what is known.

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::{Run, State};
use crate::{
    api::{ConversationSchemaStatus, Plan, SchemaPolicy},
    desired::Command,
};

/// How long is waited after the first failure; twice as long after each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(300);

/// What is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The name of the object.
    pub name: String,
    /// What the database is to be brought to.
    pub revision: String,
    /// Who decides.
    pub policy: SchemaPolicy,
    /// What its owner approved.
    pub approval: Option<String>,
    /// How often the database is compared.
    pub verify_every: SignedDuration,
    /// Whether everything is left as it is.
    pub paused: bool,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing, as long as the object is paused.
    Pause,
    /// A run has ended: write down how, and ask again.
    Record(Run),
    /// A run is for what is no longer declared, and changes nothing: delete its Job.
    Remove(Run),
    /// A run is in progress.
    Await(Run),
    /// Start this as the run of this number.
    Start(Command, i64),
    /// Nothing before this moment.
    Rest(Timestamp),
}

/// What is to be done next. `run` is the one after the last whose end is in the status, if there is one.
#[must_use]
pub fn next(want: &Want, status: &ConversationSchemaStatus, run: Option<&Run>, now: Timestamp) -> Step {
    if want.paused {
        return Step::Pause;
    }
    match run {
        Some(run) if matches!(run.state, State::Ended(_)) => return Step::Record(run.clone()),
        Some(run) if run.revision != want.revision && run.is_harmless() => return Step::Remove(run.clone()),
        Some(run) => return Step::Await(run.clone()),
        None => {}
    }
    match retry_at(want, status) {
        Some(at) if now < at => Step::Rest(at),
        _ => match due(want, status) {
            Due::Now(command) => Step::Start(command, status.runs + 1),
            Due::At(at, command) if at <= now => Step::Start(command, status.runs + 1),
            Due::At(at, _) => Step::Rest(at),
        },
    }
}

/// When what failed is tried again.
fn retry_at(want: &Want, status: &ConversationSchemaStatus) -> Option<Timestamp> {
    let failure = status.failure.as_ref().filter(|failure| failure.revision == want.revision)?;
    Some(failure.at.0 + wait(status.attempts))
}

fn wait(attempts: i64) -> SignedDuration {
    // Beyond this the longest wait is reached anyway.
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or_default();
    (FIRST_WAIT * 2_i32.pow(doublings)).min(LONGEST_WAIT)
}

enum Due {
    Now(Command),
    At(Timestamp, Command),
}

fn due(want: &Want, status: &ConversationSchemaStatus) -> Due {
    let applied = status.applied.as_ref().filter(|applied| applied.revision == want.revision);
    let plan = status.plan.as_ref().filter(|plan| plan.revision == want.revision);
    let verified = status.last_verified.as_ref().map(|time| time.0);
    let planned = plan.map(|plan| plan.at.0);
    match (plan, applied) {
        (None, None) => Due::Now(Command::Plan),
        // What was found since the last plan may be something that a plan mends.
        (_, Some(_)) if differs(status) && planned < verified => Due::Now(Command::Plan),
        (Some(plan), _) if plan.outcome == "pending" && may_apply(want, plan) => {
            Due::Now(Command::Apply { approval: plan.approval.clone() })
        }
        // Somebody else decides or acts; what they see here is kept fresh.
        (Some(plan), _) if plan.outcome == "pending" || plan.outcome == "blocked" => {
            Due::At(plan.at.0 + want.verify_every, Command::Plan)
        }
        (_, applied) => {
            let looks = [verified, planned, applied.map(|applied| applied.at.0)];
            let last = looks.into_iter().flatten().max().unwrap_or(Timestamp::UNIX_EPOCH);
            Due::At(last + want.verify_every, Command::Verify)
        }
    }
}

/// Whether the last comparison found something that is not as declared.
pub(super) fn differs(status: &ConversationSchemaStatus) -> bool {
    matches!(status.verified.as_deref(), Some("pending" | "drift" | "blocked"))
}

/// Whether a plan may be applied without asking anybody further.
pub(super) fn may_apply(want: &Want, plan: &Plan) -> bool {
    let approved = want.approval.as_deref() == Some(plan.approval.as_str());
    match want.policy {
        SchemaPolicy::Automatic => approved || plan.destructive.is_empty(),
        SchemaPolicy::Approve => approved,
        SchemaPolicy::Observe => false,
    }
}
