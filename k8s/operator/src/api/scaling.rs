//! How many pods there are.

use kube::{KubeSchema, core::Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many pods there are: a number, or bounds between which they are scaled.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.replicas) != has(self.autoscaling)")
    .message("give exactly one of scaling.replicas and scaling.autoscaling"))]
pub struct Scaling {
    /// The number of pods. `kubectl scale` changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: Option<i32>,
    /// Bounds between which a HorizontalPodAutoscaler chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { replicas: Some(2), autoscaling: None }
    }
}

impl Scaling {
    /// The fewest pods there may be.
    #[must_use]
    pub fn least(&self) -> i32 {
        match (&self.autoscaling, self.replicas) {
            (Some(autoscaling), _) => autoscaling.min_replicas,
            (None, replicas) => replicas.unwrap_or_default(),
        }
    }
}

/// Bounds and targets of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas")
    .message("scaling.autoscaling.minReplicas must not be larger than maxReplicas"))]
#[x_kube(validation = Rule::new("has(self.cpuUtilization) || has(self.memoryUtilization)")
    .message("give scaling.autoscaling a target: cpuUtilization, memoryUtilization or both"))]
pub struct Autoscaling {
    /// The fewest pods.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,
    /// The most pods.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,
    /// The share of the requested processors that is aimed at, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub cpu_utilization: Option<i32>,
    /// The share of the requested memory that is aimed at, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub memory_utilization: Option<i32>,
    /// How fast it goes up and down; left out, up at once, to twice as many in 30 seconds, and down by a tenth a minute once
    /// fewer have sufficed for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
}

/// That pods ask for what an autoscaler takes a share of: without it, it never scales. A limit is a request too.
pub(super) fn share_of(resource: &str, target: &str) -> Rule {
    let in_ = |part: &str| format!("(has(self.pod.resources.{part}) && '{resource}' in self.pod.resources.{part})");
    let not_wanted = "!has(self.scaling) || !has(self.scaling.autoscaling)";
    let rule =
        format!("{not_wanted} || !has(self.scaling.autoscaling.{target}) || {} || {}", in_("requests"), in_("limits"));
    Rule::new(rule).message(
        format!("give pod.resources.requests.{resource}: scaling.autoscaling.{target} is a share of it").as_str(),
    )
}

const fn two() -> i32 {
    2
}

/// How fast a HorizontalPodAutoscaler goes up and down.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    /// How fast it goes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<ScalingRules>,
    /// How fast it goes down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScalingRules>,
}

/// How fast a HorizontalPodAutoscaler goes in one direction.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRules {
    /// How long the recommendations must have agreed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 3600))]
    pub stabilization_window_seconds: Option<i32>,
    /// Steps that may be taken; the largest applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub policies: Vec<ScalingPolicy>,
}

/// A step that a HorizontalPodAutoscaler may take within a period.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// What the value counts: Pods or Percent.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^(Pods|Percent)$"))]
    pub type_: String,
    /// How many.
    #[schemars(range(min = 1, max = 1000))]
    pub value: i32,
    /// Within how many seconds.
    #[schemars(range(min = 1, max = 1800))]
    pub period_seconds: i32,
}
