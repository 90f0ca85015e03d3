//! ConversationSchema: the declared schema of one database as an object, whose status shows plan and drift.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Condition, Image, ImagePullSecret, Index, Mongodb, Resources, Retention, Sharding, Toleration,
    condition::{conditions, time},
    mongodb::{timeout_seconds, verify_every_seconds},
    pod::{affinity, own_labels},
};

/// The schema of one database: what a release and this object declare, brought there by the migrator.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[kube(
    group = "conversation.dev",
    version = "v1alpha1",
    kind = "ConversationSchema",
    doc = "The schema of one database of the conversation service, and how it gets there.",
    namespaced,
    status = "ConversationSchemaStatus",
    derive = "PartialEq",
    shortname = "convschema",
    category = "conversation",
    validation = Rule::new("self.metadata.name.size() <= 40")
        .message("the name must not be longer than 40 characters, because the names of Jobs begin with it"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Version", type_ = "integer", json_path = ".status.applied.schemaVersion"),
    printcolumn(name = "Plan", type_ = "string", json_path = ".status.plan.outcome"),
    printcolumn(name = "Approval", type_ = "string", json_path = ".status.plan.approval", priority = "1"),
    printcolumn(
        name = "Drift",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='SchemaDrift')].status"
    ),
    printcolumn(name = "Verified", type_ = "date", json_path = ".status.lastVerified"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSchemaSpec {
    /// The image of the migrator, which brings the schema of its release.
    pub image: Image,
    /// Secrets with the credentials of registries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub image_pull_secrets: Vec<ImagePullSecret>,
    /// The database.
    pub mongodb: Mongodb,
    /// Indexes besides those that the release declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub indexes: Vec<Index>,
    /// How long data is kept; left out, for ever. To end a retention that was declared before, allow its indexes to be
    /// dropped as well, by migration.allowDrop [events.retention, sessions.retention], and approve the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// How a sharded cluster distributes the collections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharding: Option<Sharding>,
    /// Who decides that a plan is applied.
    #[serde(default)]
    pub migration: SchemaMigration,
    /// How often the database is compared with what is declared, in seconds.
    #[serde(default = "verify_every_seconds")]
    #[schemars(range(min = 60, max = 604_800))]
    pub verify_every_seconds: i64,
    /// Where and with what the Jobs run.
    #[serde(default)]
    pub pod: JobSettings,
    /// Whether the operator leaves everything as it is, and writes nothing but the status. An apply that runs is not ended;
    /// one whose container has not begun is taken back, so that the database does not change meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// Who decides that a plan is applied, and what it may do.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMigration {
    /// Who decides that a plan is applied.
    #[serde(default)]
    pub policy: SchemaPolicy,
    /// Indexes that are not declared and may be dropped, as COLLECTION.INDEX. A plan that drops one is destructive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 3, max = 255)))]
    pub allow_drop: Vec<String>,
    /// Whether they are dropped although queries may still use them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_index_use: bool,
    /// How long one run of the migrator may take, in seconds.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 10, max = 604_800))]
    pub timeout_seconds: i64,
}

impl Default for SchemaMigration {
    fn default() -> Self {
        Self {
            policy: SchemaPolicy::default(),
            allow_drop: Vec::new(),
            ignore_index_use: false,
            timeout_seconds: timeout_seconds(),
        }
    }
}

/// Who decides that a plan is applied.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub enum SchemaPolicy {
    /// The operator, unless the plan is destructive: that waits for an approval.
    #[default]
    Automatic,
    /// A person, by the annotation conversation.dev/approve-plan with the approval that the status shows.
    Approve,
    /// Nobody here: plans are shown, and somebody applies them by other means.
    Observe,
}

/// Where and with what the migrator's Jobs run.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobSettings {
    /// Processors and memory.
    #[serde(default = "Resources::of_the_migrator")]
    pub resources: Resources,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that pods bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub tolerations: Vec<Toleration>,
    /// Nodes and pods to be near to or away from, in the form that a pod has it in.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "affinity")]
    pub affinity: Map<String, Value>,
    /// The priority class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class_name: Option<String>,
    /// Whether the platform assigns the user and the groups that pods run as, which OpenShift does. Left out, they run as
    /// 65532. That they are not root and have no privileges is so in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub platform_assigns_users: bool,
    /// Annotations of the pods, such as to keep a service mesh's sidecar out, which would never end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub annotations: BTreeMap<String, String>,
    /// Labels of the pods besides the operator's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = own_labels())]
    pub labels: BTreeMap<String, String>,
    /// The ServiceAccount; left out, the namespace's default, whose token is not mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            resources: Resources::of_the_migrator(),
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            affinity: Map::new(),
            priority_class_name: None,
            platform_assigns_users: false,
            annotations: BTreeMap::new(),
            labels: BTreeMap::new(),
            service_account_name: None,
        }
    }
}

/// What is known of the schema in the database.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSchemaStatus {
    /// The generation of the object that this was said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The state in the form that `kubectl wait` reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The last plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What the database was brought to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedSchema>,
    /// What was found otherwise than declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// When the database was compared with the declaration last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "time")]
    pub last_verified: Option<Time>,
    /// What that comparison found: clean, pending, drift, blocked, or newer when a newer release has been here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// The number of the last run of the migrator whose end is taken into account here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub runs: i64,
    /// How many runs have failed one after the other.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: i64,
    /// The last run that failed, as long as none has succeeded since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// A plan of the migrator.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it was made for: a hash of image, declaration, database and secret.
    pub revision: String,
    /// What approves it as the value of the annotation conversation.dev/approve-plan.
    pub approval: String,
    /// What it found: clean, pending, drift, blocked, or newer when a newer release has been here.
    pub outcome: String,
    /// Its steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Its steps that cannot be taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destructive: Vec<String>,
    /// What must be decided by a person first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
    /// How many more steps and findings there are than are shown here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: i64,
    /// When it was made.
    #[schemars(schema_with = "time")]
    pub at: Time,
}

impl Plan {
    /// Its steps that cannot be taken back. A list that was cut to fit into the status does not make a step harmless.
    #[must_use]
    pub fn losses(&self) -> Vec<&str> {
        let risky = self.steps.iter().filter(|step| step.risk == "high").map(|step| step.id.as_str());
        let mut losses: Vec<&str> = self.destructive.iter().map(String::as_str).collect();
        losses.extend(risky.filter(|id| !self.destructive.iter().any(|named| named == id)));
        losses
    }
}

/// A step of a plan.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// What is done to what.
    pub id: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How risky it is: none, low, medium or high, which is what cannot be taken back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub risk: String,
}

/// What the database was brought to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSchema {
    /// A hash of image, declaration, database and secret.
    pub revision: String,
    /// The version of the release's schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<i64>,
    /// The checksum of the release's schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_checksum: Option<String>,
    /// When.
    #[schemars(schema_with = "time")]
    pub at: Time,
}

/// Something in the database that is otherwise than declared.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Drift {
    /// What is otherwise.
    pub subject: String,
    /// In what way.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// What mends it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl std::fmt::Display for Drift {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.subject, self.problem)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(out, "; {}", self.remedy) }
    }
}

impl Failure {
    /// The plan is another one by now than the one that was to be applied.
    pub const PLAN_CHANGED: &str = "PlanChanged";
    /// The migrator does not understand what it is told.
    pub const REFUSED: &str = "CommandRefused";
}

/// A run of the migrator that failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What it was made for.
    pub revision: String,
    /// The Job.
    pub job: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, for people.
    pub message: String,
    /// When.
    #[schemars(schema_with = "time")]
    pub at: Time,
}
