//! A run of the migrator as its Job and its pod show it.

use std::sync::Arc;

use k8s_openapi::{
    api::{
        batch::v1::{Job, JobCondition},
        core::v1::Pod,
    },
    jiff::Timestamp,
};

use super::Summary;
use crate::{
    desired::{BODY, COMMAND, REVISION, RUN},
    pods,
};

/// A run of the migrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The Job.
    pub job: String,
    /// What tells the Job from another one that had its name before.
    pub uid: String,
    /// What tells its pod from all others, if it has one.
    pub pod: Option<String>,
    /// Its number.
    pub number: i64,
    /// What it runs: plan, apply or verify.
    pub command: String,
    /// What it was made for.
    pub revision: String,
    /// A hash of all that it was made of.
    pub body: String,
    /// When it was made.
    pub made: Timestamp,
    /// Where it is.
    pub state: State,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Its container has not begun, and this is why, if that is known.
    Waiting(Option<Trouble>),
    /// Its container runs, or has ended and its Job is about to.
    Running,
    /// It has ended.
    Ended(Box<End>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How its container exited, if that is known.
    pub exit_code: Option<i32>,
    /// What the migrator said, if it could.
    pub summary: Option<Summary>,
    /// Why the Job failed, if it did.
    pub failure: Option<Trouble>,
}

/// Something that keeps a pod from doing its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// One word, for programs.
    pub reason: String,
    /// What it is and what mends it.
    pub message: String,
}

impl Trouble {
    /// Some trouble.
    pub fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into() }
    }
}

impl Run {
    /// Reads a Job and its pods. None when it is not a run of the operator's.
    #[must_use]
    pub fn read(job: &Job, pods: &[Arc<Pod>]) -> Option<Self> {
        let labels = job.metadata.labels.as_ref()?;
        let annotation =
            |name: &str| job.metadata.annotations.as_ref().and_then(|all| all.get(name)).cloned().unwrap_or_default();
        // A pod that was evicted before it began may stand beside the one that did the work.
        let pod = pods.iter().find(|pod| pods::terminated(pod).is_some()).or(pods.first());
        Some(Self {
            job: job.metadata.name.clone()?,
            uid: job.metadata.uid.clone().unwrap_or_default(),
            pod: pod.and_then(|pod| pod.metadata.uid.clone()),
            number: labels.get(RUN)?.parse().ok()?,
            command: labels.get(COMMAND)?.clone(),
            revision: annotation(REVISION),
            body: annotation(BODY),
            made: job.metadata.creation_timestamp.as_ref()?.0,
            state: state(job, pod.map(|pod| &**pod)),
        })
    }

    /// Whether it has not begun.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(_))
    }

    /// Whether it may be ended without harm: only an apply that runs changes something.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        self.command != "apply" || self.is_waiting()
    }
}

fn state(job: &Job, pod: Option<&Pod>) -> State {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ended = |type_: &str| conditions.into_iter().flatten().find(|c| c.type_ == type_ && c.status == "True");
    // The API server adds the kind's first condition before its pods are gone; the last one is the end.
    if let Some(condition) = ended("Complete") {
        return State::Ended(end(condition, pod, None));
    }
    if let Some(condition) = ended("Failed") {
        let reason = condition.reason.clone().unwrap_or_default();
        let message = condition.message.clone().unwrap_or_default();
        return State::Ended(end(condition, pod, Some(Trouble { reason, message })));
    }
    match pod {
        Some(pod) if pods::began(pod) => State::Running,
        Some(pod) => State::Waiting(pods::trouble(pod)),
        None => State::Waiting(None),
    }
}

fn end(condition: &JobCondition, pod: Option<&Pod>, failure: Option<Trouble>) -> Box<End> {
    let at = condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let terminated = pod.and_then(pods::terminated);
    let exit_code = terminated.map(|terminated| terminated.exit_code);
    let message = terminated.and_then(|terminated| terminated.message.clone());
    let summary = message.as_deref().and_then(Summary::parse);
    let failure = failure.map(|failure| match (&summary, message) {
        // What the migrator could not put into its own form is still worth more than that its Job failed.
        (None, Some(message)) if !message.is_empty() => Trouble { message, ..failure },
        _ => failure,
    });
    Box::new(End { at, exit_code, summary, failure })
}
