//! The Jobs that run the migrator. One pod each: what failed is tried again by the operator, which knows when.

use serde_json::{Value, json};

use super::{
    Desired, Owner,
    pod::{Scheduling, container, mongodb_uri, pod},
    put,
    schema::{declaration, revision},
    value,
};
use crate::{api::ConversationSchemaSpec, kinds::Kind};

/// The annotation with the revision that a Job is for.
pub const REVISION: &str = "conversation.dev/revision";
/// The label with the command that a Job runs.
pub const COMMAND: &str = "conversation.dev/command";
/// The label with the number of a run.
pub const RUN: &str = "conversation.dev/run";
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
    /// Makes the steps, if they are still the approved ones.
    Apply {
        /// What approves them.
        approval: String,
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
            let (wait, limit) = (WAIT.min(seconds).to_string(), seconds.to_string());
            add(&["--yes", "--wait", &wait, "--timeout", &limit, "--expect", approval, "--exit-zero-on", "drift"]);
        } else {
            // That there is something to do is an answer and not a failure of the Job.
            add(&["--exit-zero-on", "pending,drift,blocked"]);
        }
        add(&["--summary", "/dev/termination-log"]);
        arguments
    }
}

/// The name of a run. No two runs of an object have the same number, so a repetition never meets what it repeats.
#[must_use]
pub fn job_name(owner: &Owner, command: &str, run: i64) -> String {
    format!("{}-{command}-{run}", owner.name)
}

/// A run of the migrator.
#[must_use]
pub fn job(owner: &Owner, spec: &ConversationSchemaSpec, command: &Command, run: i64) -> Desired {
    let mut labels = owner.labels("migrator", &spec.image.version());
    labels[COMMAND] = command.name().into();
    labels[RUN] = run.to_string().into();
    let settings = &spec.pod;
    let mut migrator =
        container("migrator", &spec.image.reference(), value(&spec.image.pull_policy), &settings.resources);
    migrator["args"] = command.arguments(spec).into();
    migrator["env"] = env(spec);
    migrator["terminationMessagePolicy"] = "FallbackToLogsOnError".into();
    let scheduling = Scheduling {
        image_pull_secrets: &spec.image_pull_secrets,
        priority_class_name: settings.priority_class_name.as_deref(),
        node_selector: value(&settings.node_selector),
        tolerations: &settings.tolerations,
    };
    let mut template = pod(&spec.mongodb, &scheduling, migrator);
    template["restartPolicy"] = "Never".into();
    put(&mut template, "serviceAccountName", settings.service_account_name.clone().unwrap_or_default());
    let body = json!({
        "metadata": {"annotations": {REVISION: revision(spec)}},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": spec.migration.timeout_seconds + SPARE,
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    });
    owner.object(Kind::Job, &job_name(owner, command.name(), run), labels, body)
}

fn env(spec: &ConversationSchemaSpec) -> Value {
    let mut env = vec![
        mongodb_uri(&spec.mongodb.uri_secret),
        json!({"name": "MONGODB_DATABASE", "value": spec.mongodb.database}),
    ];
    env.extend(declaration(spec).map(|declaration| json!({"name": "SCHEMA_DECLARATION", "value": declaration})));
    env.into()
}
