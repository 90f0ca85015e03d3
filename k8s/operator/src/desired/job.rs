//! The Jobs that run the migrator. One pod each: what failed is tried again by the operator, which knows when.

use serde_json::{Value, json};

use super::{
    Desired, Owner, merged,
    pod::{Scheduling, container, mongodb_uri, pod},
    put,
    schema::{declaration, hash, revision},
    value,
};
use crate::{api::ConversationSchemaSpec, kinds::Kind};

/// The annotation with the revision that a Job is for.
pub const REVISION: &str = "conversation.dev/revision";
/// The annotation with a hash of all that a Job was made of, by which it is known whether it would be made so now.
pub const BODY: &str = "conversation.dev/body";
/// The label with the command that a Job runs.
pub const COMMAND: &str = "conversation.dev/command";
/// The label with the number of a run.
pub const RUN: &str = "conversation.dev/run";
/// The container that the migrator is.
pub const MIGRATOR: &str = "migrator";
/// How long a finished Job is kept for its logs to be read, in seconds.
const KEPT: i32 = 3600;
/// How long a run waits for another runner's lease, in seconds.
const WAIT: i64 = 300;
/// How much earlier than its Job the migrator ends by itself, so that it can say where it got, in seconds.
const SPARE: i64 = 60;

/// What a run of the migrator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Tells the steps from what is there to what is declared.
    Plan,
    /// Makes the steps.
    Apply {
        /// The approval that somebody gave, which the plan must still have then. Without one the migrator refuses what cannot
        /// be taken back, also when it has become so since the plan was made.
        approval: Option<String>,
    },
    /// Compares what is there with what is declared.
    Verify,
}

impl Command {
    /// The command by which the migrator knows it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply { .. } => "apply",
            Self::Verify => "verify",
        }
    }

    fn arguments(&self, spec: &ConversationSchemaSpec) -> Vec<String> {
        let seconds = spec.migration.timeout_seconds;
        let mut arguments = vec![self.name().to_owned()];
        let mut add = |more: &[&str]| arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        if let Self::Apply { approval } = self {
            let (wait, limit) = (wait(spec).to_string(), seconds.to_string());
            add(&["--yes", "--wait", &wait, "--timeout", &limit]);
            if let Some(approval) = approval {
                add(&["--expect", approval]);
            }
            // A newer release may have been here since the plan; that is no failure of an older one that is back.
            add(&["--exit-zero-on", "drift,newer"]);
        } else {
            // That there is something to do is an answer and not a failure of the Job.
            add(&["--exit-zero-on", "pending,drift,blocked"]);
        }
        add(&["--summary", "/dev/termination-log"]);
        arguments
    }
}

fn wait(spec: &ConversationSchemaSpec) -> i64 {
    WAIT.min(spec.migration.timeout_seconds)
}

/// The name of a run. The command is not in it, so that there cannot be two of one number.
#[must_use]
pub fn job_name(owner: &Owner, run: i64) -> String {
    format!("{}-migrate-{run}", owner.name)
}

/// The names of all runs, as a regular expression.
pub(super) fn job_names(owner: &Owner) -> String {
    format!("{}-migrate-[0-9]+", owner.name)
}

/// A hash of all that a run of a command is made of, besides its number.
#[must_use]
pub fn fingerprint(owner: &Owner, spec: &ConversationSchemaSpec, command: &Command) -> String {
    hash(&body(owner, spec, command, 0).body)
}

/// A run of the migrator.
#[must_use]
pub fn job(owner: &Owner, spec: &ConversationSchemaSpec, command: &Command, run: i64) -> Desired {
    let mut job = body(owner, spec, command, run);
    job.body["metadata"]["annotations"][BODY] = fingerprint(owner, spec, command).into();
    job
}

fn body(owner: &Owner, spec: &ConversationSchemaSpec, command: &Command, run: i64) -> Desired {
    let mut labels = owner.labels("migrator", &spec.image.version());
    labels[COMMAND] = command.name().into();
    labels[RUN] = run.to_string().into();
    let settings = &spec.pod;
    let mut migrator =
        container(MIGRATOR, &spec.image.reference(), value(&spec.image.pull_policy), &settings.resources);
    migrator["args"] = command.arguments(spec).into();
    migrator["env"] = env(spec);
    migrator["terminationMessagePolicy"] = "FallbackToLogsOnError".into();
    let scheduling = Scheduling {
        image_pull_secrets: &spec.image_pull_secrets,
        priority_class_name: settings.priority_class_name.as_deref(),
        node_selector: value(&settings.node_selector),
        tolerations: &settings.tolerations,
        affinity: &settings.affinity,
        platform_assigns_users: settings.platform_assigns_users,
    };
    let mut template = pod(&spec.mongodb, &scheduling, migrator);
    template["restartPolicy"] = "Never".into();
    put(&mut template, "serviceAccountName", settings.service_account_name.clone().unwrap_or_default());
    let mut metadata = json!({"labels": merged(labels.clone(), &value(&settings.labels))});
    put(&mut metadata, "annotations", value(&settings.annotations));
    let body = json!({
        "metadata": {"annotations": {REVISION: revision(spec)}},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": wait(spec) + spec.migration.timeout_seconds + SPARE,
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": metadata, "spec": template},
        },
    });
    owner.object(Kind::Job, &job_name(owner, run), labels, body)
}

fn env(spec: &ConversationSchemaSpec) -> Value {
    let mut env = vec![
        mongodb_uri(&spec.mongodb.uri_secret),
        json!({"name": "MONGODB_DATABASE", "value": spec.mongodb.database}),
    ];
    env.extend(declaration(spec).map(|declaration| json!({"name": "SCHEMA_DECLARATION", "value": declaration})));
    env.into()
}
