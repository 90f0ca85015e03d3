//! What is to be done next for a schema: a pure function of what is declared and what is known.

use std::collections::BTreeMap;

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::{Run, State};
use crate::{
    api::{ConversationSchemaStatus, Failure, Plan, SchemaPolicy},
    desired::Command,
};

/// How long is waited after the first failure; twice as long after each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(300);
/// How old a plan may become on which somebody is to act who waits for it to change.
const FRESH: SignedDuration = SignedDuration::from_secs(300);

/// What is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
    /// What the database is to be brought to.
    pub revision: String,
    /// Who decides.
    pub policy: SchemaPolicy,
    /// What its owner approved: this plan, or another one.
    pub approval: Option<String>,
    /// How often the database is compared.
    pub verify_every: SignedDuration,
    /// Whether everything is left as it is, but for an apply that has not begun.
    pub paused: bool,
    /// A hash of all that a run of each command would be made of now.
    pub bodies: BTreeMap<&'static str, String>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing, as long as the object is paused.
    Pause,
    /// A run has ended: write down how, and ask again. That changes nothing but the status.
    Record(Run),
    /// A run is not what would be made now, and has changed nothing: delete its Job.
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
    match run {
        Some(run) if matches!(run.state, State::Ended(_)) => return Step::Record(run.clone()),
        // Nobody lets it begin any more.
        Some(run) if run.is_waiting() && !is_wanted(want, status, run) => return Step::Remove(run.clone()),
        _ if want.paused => return Step::Pause,
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

/// Whether a run that has not begun would be made now, just as it is. One that cannot begin, because an image or a node is
/// not there, would otherwise outlive the correction of its settings.
fn is_wanted(want: &Want, status: &ConversationSchemaStatus, run: &Run) -> bool {
    if want.paused {
        // Left as it is like all else, but that the database must not change later while somebody works on it by hand.
        return run.command != "apply";
    }
    let body = want.bodies.get(run.command.as_str()).map_or("", String::as_str);
    let plan = status.plan.as_ref().filter(|plan| plan.revision == want.revision);
    let permitted = run.command != "apply" || plan.is_some_and(|plan| may_apply(want, plan));
    run.revision == want.revision && run.body == body && permitted
}

/// When what failed is tried again.
fn retry_at(want: &Want, status: &ConversationSchemaStatus) -> Option<Timestamp> {
    let failure = status.failure.as_ref().filter(|failure| failure.revision == want.revision)?;
    match failure.reason.as_str() {
        // The same words would be refused again, unless somebody puts another program behind the name of the image.
        Failure::REFUSED => Some(failure.at.0 + want.verify_every),
        // A look at what it has become is no repetition.
        Failure::PLAN_CHANGED if status.attempts <= 1 => None,
        _ => Some(failure.at.0 + wait(status.attempts)),
    }
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
        (Some(plan), _) if plan.outcome == "pending" && may_apply(want, plan) => Due::Now(apply(want, plan)),
        // Somebody else decides or acts; what they see here is kept fresh, and more so where a rollout waits for it.
        (Some(plan), applied) if plan.outcome == "pending" || plan.outcome == "blocked" => {
            let every = if applied.is_some() { want.verify_every } else { want.verify_every.min(FRESH) };
            Due::At(plan.at.0 + every, Command::Plan)
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
    match want.policy {
        SchemaPolicy::Automatic => approved(want, plan) || plan.losses().is_empty(),
        SchemaPolicy::Approve => approved(want, plan),
        SchemaPolicy::Observe => false,
    }
}

/// The apply of a plan. Only somebody's approval is handed on: the operator's own decision is about what the plan showed,
/// and with an approval the migrator would also destroy what came into the database since then.
#[must_use]
pub fn apply(want: &Want, plan: &Plan) -> Command {
    Command::Apply { approval: approved(want, plan).then(|| plan.approval.clone()) }
}

fn approved(want: &Want, plan: &Plan) -> bool {
    !plan.approval.is_empty() && want.approval.as_deref() == Some(plan.approval.as_str())
}
