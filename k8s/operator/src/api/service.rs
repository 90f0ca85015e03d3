//! ConversationService: a whole deployment of the service as one object.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Condition, Exposure, Image, ImagePullSecret, Index, Limits, ListenAddress, Migration, Mongodb, NetworkPolicy, Pod,
    Redis, Retention, Scaling, Sharding, Shutdown, Telemetry, condition::conditions, scaling::share_of,
};

/// A deployment of the conversation service: what runs, how much of it, on which database, and how it is reached.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[kube(
    group = "conversation.dev",
    version = "v1alpha1",
    kind = "ConversationService",
    doc = "A deployment of the conversation service.",
    namespaced,
    status = "ConversationServiceStatus",
    derive = "PartialEq",
    shortname = "convsvc",
    category = "conversation",
    scale(
        spec_replicas_path = ".spec.scaling.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    validation = Rule::new("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')")
        .message("the name must begin with a letter, have only letters, digits and hyphens, and not be longer than 40 \
                  characters, because a Service and Jobs are named after it"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Target", type_ = "string", json_path = ".status.targetVersion"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".status.readyReplicas"),
    printcolumn(
        name = "Drift",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='SchemaDrift')].status"
    ),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".status.endpoint", priority = "1"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "(has(self.migration) && has(self.migration.policy) && self.migration.policy == 'None') || has(self.migratorImage) \
     || (self.image.repository.endsWith('conversation-api') && !has(self.image.digest))")
    .message("give migratorImage: it can be derived only when image.repository ends in conversation-api and there is \
              no digest"))]
#[x_kube(validation = share_of("cpu", "cpuUtilization"), validation = share_of("memory", "memoryUtilization"))]
pub struct ConversationServiceSpec {
    /// The image of the service. A change of it is rolled out once its schema is in the database.
    pub image: Image,
    /// The image of the migrator of the same release; left out, `conversation-migrator` beside `conversation-api` with
    /// the same tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrator_image: Option<Image>,
    /// Secrets with the credentials of registries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub image_pull_secrets: Vec<ImagePullSecret>,
    /// How many pods there are; left out, two. `kubectl scale` needs scaling.replicas to be written.
    // The default is not stored: beside it no autoscaler could be asked for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// The database.
    pub mongodb: Mongodb,
    /// Redis, which this release does not use yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    /// How the schema of a new release gets into the database.
    #[serde(default)]
    pub migration: Migration,
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
    /// How the API is reached from outside; left out, not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// The origins that browsers may call from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 255)))]
    pub cors_origins: Vec<String>,
    /// The address that the pods listen on: 0.0.0.0 for all that are IPv4, or :: for all, which pods need that have addresses of
    /// IPv6 only.
    #[serde(default, skip_serializing_if = "ListenAddress::is_default")]
    pub listen_address: ListenAddress,
    /// Bounds of the service.
    #[serde(default)]
    pub limits: Limits,
    /// Logs and metrics.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// A NetworkPolicy for the pods; left out, none is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_policy: Option<NetworkPolicy>,
    /// Where and with what the pods run.
    #[serde(default)]
    pub pod: Pod,
    /// How a pod ends.
    #[serde(default)]
    pub shutdown: Shutdown,
    /// Whether the operator leaves everything as it is, and writes nothing but the status, here and of the ConversationSchema. An
    /// apply that runs is not ended; one whose container has not begun is taken back, so that the database does not change
    /// meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

impl ConversationServiceSpec {
    /// How many pods there are, as given or by default.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        self.scaling.clone().unwrap_or_default()
    }

    /// The image of the migrator, as given or derived.
    #[must_use]
    pub fn migrator_image(&self) -> Image {
        self.migrator_image.clone().unwrap_or_else(|| {
            let repository = self.image.repository.trim_end_matches("conversation-api");
            Image { repository: format!("{repository}conversation-migrator"), ..self.image.clone() }
        })
    }
}

/// What is known of a deployment.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationServiceStatus {
    /// The generation of the object that this was said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The state in the form that `kubectl wait` reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The version that the Deployment declares: the one that was released last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// The image that the Deployment declares. It stays while the schema of another version is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How many pods there are.
    #[serde(default)]
    pub replicas: i32,
    /// How many of them answer requests.
    #[serde(default)]
    pub ready_replicas: i32,
    /// The labels of the pods, as the scale subresource has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Where the API is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The last plan of the migrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSummary>,
}

/// The last plan of the migrator in short; the ConversationSchema of the same name has all of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanSummary {
    /// What approves it as the value of the annotation conversation.dev/approve-plan.
    pub approval: String,
    /// What it found: clean, pending, drift, blocked, or newer when a newer release has been here.
    pub outcome: String,
    /// What it does to what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// What of that cannot be taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destructive: Vec<String>,
}
