//! Where data is kept, and what of its schema a deployment may choose.

use std::collections::BTreeMap;

use kube::{KubeSchema, core::Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pod::own_labels;

/// The MongoDB replica set or sharded cluster that data is kept in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mongodb {
    /// The key of a secret that holds the connection string.
    pub uri_secret: UriSecret,
    /// The database. It cannot be changed, because data is not moved.
    #[serde(default = "database")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r#"^[^/\\. "$*<>:|?]+$"#))]
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("mongodb.database cannot be changed, because data is not moved: create another object for it"))]
    pub database: String,
    /// Certificates for MongoDB; left out, none are mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// Certificates for MongoDB, mounted read-only. The connection string names the files.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The secret with the certificates, in the namespace of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = secret_name())]
    pub secret_name: String,
    /// The folder that its keys are files in, as in tlsCAFile=/etc/mongodb-tls/ca.crt.
    #[serde(default = "mongodb_tls")]
    #[schemars(length(min = 2, max = 255), regex(pattern = "^/"))]
    pub mount_path: String,
}

fn mongodb_tls() -> String {
    "/etc/mongodb-tls".to_owned()
}

fn database() -> String {
    "conversations".to_owned()
}

/// The key of a secret that holds the connection string of MongoDB.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
pub struct UriSecret {
    /// The name of the secret, in the namespace of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = secret_name())]
    pub name: String,
    /// The key in the secret.
    #[serde(default = "uri")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn uri() -> String {
    "uri".to_owned()
}

/// That a name is one that a secret can have. It is a rule and no pattern, because it tells whoever takes the field for that of
/// the credential where that belongs. Refused, it is not stored in the cluster, where many may read objects.
pub(super) fn secret_name() -> Rule {
    Rule::new("self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')")
        .message("this is not the name of a secret; the credential itself belongs into the secret, not here")
}

/// Redis. This release of the service does not use it yet; the address is handed to the pods.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redis {
    /// The key of a secret that holds the address.
    pub url_secret: RedisSecret,
}

/// The key of a secret that holds the address of Redis.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
pub struct RedisSecret {
    /// The name of the secret, in the namespace of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = secret_name())]
    pub name: String,
    /// The key in the secret.
    #[serde(default = "url")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn url() -> String {
    "url".to_owned()
}

/// How the schema of a new release gets into the database.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Migration {
    /// Who decides that a plan is applied.
    #[serde(default)]
    pub policy: Policy,
    /// The key of a secret with the connection string of the migrator's user, which needs more rights than the service's;
    /// left out, mongodb.uriSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_secret: Option<UriSecret>,
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
    /// How often the database is compared with what is declared, in seconds.
    #[serde(default = "verify_every_seconds")]
    #[schemars(range(min = 60, max = 604_800))]
    pub verify_every_seconds: i64,
    /// Annotations of the migrator's pods, such as to keep a service mesh's sidecar out, which would never end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub pod_annotations: BTreeMap<String, String>,
    /// Labels of the migrator's pods besides the operator's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = own_labels())]
    pub pod_labels: BTreeMap<String, String>,
}

pub(super) const fn timeout_seconds() -> i64 {
    600
}

pub(super) const fn verify_every_seconds() -> i64 {
    3600
}

impl Default for Migration {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            uri_secret: None,
            allow_drop: Vec::new(),
            ignore_index_use: false,
            timeout_seconds: timeout_seconds(),
            verify_every_seconds: verify_every_seconds(),
            pod_annotations: BTreeMap::new(),
            pod_labels: BTreeMap::new(),
        }
    }
}

/// Who decides that a plan is applied.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Policy {
    /// The operator, unless the plan is destructive: that waits for an approval.
    #[default]
    Automatic,
    /// A person, by the annotation conversation.dev/approve-plan with the approval that the status shows.
    Approve,
    /// Nobody here: plans are shown, and somebody applies them by other means.
    Observe,
    /// Nobody: there is no ConversationSchema, and a new version is rolled out at once.
    None,
}

/// An index besides those that the release declares.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Index {
    /// The collection: sessions or events.
    #[schemars(regex(pattern = r"^(sessions|events)$"))]
    pub collection: String,
    /// The name of the index.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// Its fields, in their order.
    #[schemars(length(min = 1, max = 16))]
    pub keys: Vec<IndexKey>,
    /// Whether documents without its fields are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sparse: bool,
}

/// A field of an index or a shard key.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IndexKey {
    /// The field, with dots for what is inside.
    #[schemars(length(min = 1, max = 128))]
    pub field: String,
    /// How it is ordered.
    #[serde(default)]
    pub order: Order,
}

/// How an index orders a field.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
    /// By a hash.
    Hashed,
}

/// How long data is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retention {
    /// After how many days it is deleted. Introducing or shortening it where there is data is destructive and waits for an
    /// approval; on collections that are empty it is not. To leave it out again does not end it: MongoDB deletes on until the indexes events.retention and sessions.retention are dropped,
    /// which migration.allowDrop and an approval let happen.
    #[schemars(range(min = 1, max = 10_000))]
    pub days: i32,
}

/// How a sharded cluster distributes the collections.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sharding {
    /// The shard key of each collection. This release refuses any but its own: every query reaches one shard by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_keys: Option<ShardKeys>,
    /// Shards that the whole database is kept on, as those of one region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// How many chunks each shard begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub chunks_per_shard: Option<i32>,
}

/// The shard key of each collection.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ShardKeys {
    /// That of sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub sessions: Vec<IndexKey>,
    /// That of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub events: Vec<IndexKey>,
}

/// Shards that belong together, as those of one region.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Zone {
    /// The name of the zone.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The shards in it.
    #[schemars(length(min = 1, max = 128), inner(length(min = 1, max = 128)))]
    pub shards: Vec<String>,
}
