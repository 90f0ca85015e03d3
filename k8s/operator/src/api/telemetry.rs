//! What the service tells of itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Logs and metrics.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    /// Which log lines are written: a level, or directives such as info,hyper=debug.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub log_level: Option<String>,
    /// A ServiceMonitor for the Prometheus operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_monitor: Option<ServiceMonitor>,
    /// A PrometheusRule with alerts for the Prometheus operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus_rule: Option<PrometheusRule>,
}

/// A ServiceMonitor for the Prometheus operator.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceMonitor {
    /// Labels that Prometheus selects it by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub labels: BTreeMap<String, String>,
    /// How often metrics are read.
    #[serde(default = "interval")]
    #[schemars(regex(pattern = r"^[0-9]{1,6}(ms|s|m)$"))]
    pub interval: String,
}

fn interval() -> String {
    "30s".to_owned()
}

/// A PrometheusRule for the Prometheus operator.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrometheusRule {
    /// Labels that Prometheus selects it by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub labels: BTreeMap<String, String>,
}
