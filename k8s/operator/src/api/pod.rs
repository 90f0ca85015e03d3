//! What a deployment may choose about pods.

use std::collections::BTreeMap;

use kube::{KubeSchema, core::Rule};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::mongodb::secret_name;
use crate::desired::reserved;

/// Where and with what pods run.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.serviceAccountName) || !has(self.serviceAccountAnnotations)")
    .message("pod.serviceAccountAnnotations are for the account that is made here: annotate the account named by \
              pod.serviceAccountName yourself"))]
pub struct Pod {
    /// Processors and memory. Processors are not limited by default, because the slowest answers pay for it.
    #[serde(default = "Resources::of_the_service")]
    pub resources: Resources,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that pods bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub tolerations: Vec<Toleration>,
    /// Nodes and pods to be near to or away from, in the form that a pod has it in; the migrator's pods have it too.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "affinity")]
    pub affinity: Map<String, Value>,
    /// The priority class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class_name: Option<String>,
    /// Whether the platform assigns the user and the groups that pods run as, which OpenShift does. Left out, they run as
    /// 65532. That they are not root and have no privileges is so in any case, and holds for the migrator's pods too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub platform_assigns_users: bool,
    /// Annotations of the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub annotations: BTreeMap<String, String>,
    /// Labels of the pods besides the operator's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = own_labels())]
    pub labels: BTreeMap<String, String>,
    /// A ServiceAccount that is there already; left out, one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
    /// Annotations of the ServiceAccount that is made, as clouds read them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub service_account_annotations: BTreeMap<String, String>,
    /// Further settings of the service by their variables, for which there is no field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-validations" = none_of_the_operators()))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub env: Vec<EnvVar>,
}

/// That labels are none of those that pods are found by.
pub(super) fn own_labels() -> Rule {
    Rule::new("self.all(name, !name.startsWith('app.kubernetes.io/') && !name.startsWith('conversation.dev/'))")
        .message("labels that begin with app.kubernetes.io/ or conversation.dev/ are the operator's own")
}

/// That variables are none of those that are the operator's, which Kubernetes refuses a pod that has twice. Each has a rule of
/// its own: one message that finds out which it was costs more than an API server allows.
fn none_of_the_operators() -> Vec<Rule> {
    let rule = |(name, instead): (&str, String)| {
        Rule::new(format!("self.all(e, e.name != '{name}')"))
            .message(format!("pod.env must not have {name}: {instead}").as_str())
    };
    reserved().map(rule).collect()
}

impl Default for Pod {
    fn default() -> Self {
        Self {
            resources: Resources::of_the_service(),
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            affinity: Map::new(),
            priority_class_name: None,
            platform_assigns_users: false,
            annotations: BTreeMap::new(),
            labels: BTreeMap::new(),
            service_account_name: None,
            service_account_annotations: BTreeMap::new(),
            env: Vec::new(),
        }
    }
}

/// Processors and memory of a container.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is reserved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub requests: BTreeMap<String, Value>,
    /// What is at most used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub limits: BTreeMap<String, Value>,
}

impl Resources {
    /// What the service takes: 56 MiB under load, and the rest of the limit is for larger payloads.
    #[must_use]
    pub fn of_the_service() -> Self {
        Self::requesting("250m", "128Mi", "256Mi")
    }

    /// What the migrator takes, which waits for MongoDB most of the time and holds no documents.
    #[must_use]
    pub fn of_the_migrator() -> Self {
        Self::requesting("50m", "64Mi", "128Mi")
    }

    fn requesting(cpu: &str, memory: &str, limit: &str) -> Self {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
        Self { requests: map(&[("cpu", cpu), ("memory", memory)]), limits: map(&[("memory", limit)]) }
    }
}

/// The API server checks it where it is used.
pub(super) fn affinity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn quantities(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
        },
    })
}

/// A taint of nodes that pods bear.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// The key of the taint; left out, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 316))]
    pub key: Option<String>,
    /// How the value is compared: Equal or Exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(Equal|Exists)$"))]
    pub operator: Option<String>,
    /// The value of the taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
    /// What the taint does: NoSchedule, PreferNoSchedule or NoExecute; left out, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(NoSchedule|PreferNoSchedule|NoExecute)$"))]
    pub effect: Option<String>,
    /// How long a pod stays on a node with a NoExecute taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub toleration_seconds: Option<i64>,
}

/// A setting of the service: a value or the key of a secret.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.value) != has(self.secret)")
    .message("give exactly one of value and secret"))]
pub struct EnvVar {
    /// The variable.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub name: String,
    /// Its value. A credential belongs into a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
    /// The key of a secret that holds its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKey>,
}

/// A key of a secret.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
pub struct SecretKey {
    /// The name of the secret, in the namespace of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = secret_name())]
    pub name: String,
    /// The key in the secret.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// How a pod ends. The grace period of the pod is the sum of the three and five seconds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shutdown {
    /// How long Kubernetes waits before it tells the process to end, so that endpoints are withdrawn first, in seconds.
    #[serde(default = "five")]
    #[schemars(range(min = 0, max = 300))]
    pub pre_stop_seconds: i64,
    /// How long the process then serves on with readiness off, in seconds.
    #[serde(default = "five")]
    #[schemars(range(min = 0, max = 300))]
    pub drain_delay_seconds: i64,
    /// How long requests in flight may take after that, in seconds.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: i64,
}

const fn five() -> i64 {
    5
}

const fn twenty() -> i64 {
    20
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { pre_stop_seconds: five(), drain_delay_seconds: five(), timeout_seconds: twenty() }
    }
}
