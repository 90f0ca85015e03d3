//! The bounds of the service that a deployment may choose. `desired::env` has the variable of each.

use kube::{KubeSchema, core::Rule};
use serde::{Deserialize, Serialize};

/// Bounds of the service; what is left out is the release's own default. Pods that cannot keep to them together end at once, so
/// such bounds are refused here.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = part_of_body("maxPayloadBytes", 262_144), validation = part_of_body("maxMetadataBytes", 16_384))]
#[x_kube(validation = within_request("bodyReadTimeout", 10))]
#[x_kube(validation = within_request("mongodbOperationTimeout", 5))]
pub struct Limits {
    /// The most connections of clients to one pod; more wait in the system's queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: Option<i64>,
    /// The largest request body, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_body_bytes: Option<i64>,
    /// The largest body of a batch, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_batch_body_bytes: Option<i64>,
    /// The largest metadata of a session, in bytes of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 15_728_640))]
    pub max_metadata_bytes: Option<i64>,
    /// The largest payload of an event, in bytes of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 15_728_640))]
    pub max_payload_bytes: Option<i64>,
    /// The deepest nesting of metadata and payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 90))]
    pub max_nesting: Option<i64>,
    /// The most connections of one pod to each MongoDB server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub mongodb_max_pool_size: Option<i64>,
    /// How long one operation on MongoDB may take, such as 5s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub mongodb_operation_timeout: Option<String>,
    /// How long a request may take in all, such as 15s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub request_timeout: Option<String>,
    /// How long a request body may take to arrive, such as 10s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub body_read_timeout: Option<String>,
    /// How far in the future a time sent by a client may lie, such as 24h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub max_clock_skew: Option<String>,
    /// How long after a session's end its late events are still stored, such as 5m.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub late_event_grace: Option<String>,
    /// How long an erased session's identifier stays refused, such as 30d.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]{1,9}(ms|s|m|h|d)$"))]
    pub erasure_tombstone_ttl: Option<String>,
}

/// That a part of a body, by default of so many bytes, fits into it.
fn part_of_body(field: &str, default: i64) -> Rule {
    const BODY: i64 = 1_048_576;
    let or = |field: &str, default: i64| format!("(has(self.{field}) ? self.{field} : {default})");
    let (part, body) = (or(field, default), or("maxBodyBytes", BODY));
    let message = format!(
        "limits.{field} ({default} when left out) must not be larger than limits.maxBodyBytes ({BODY} when left out), which \
         it is a part of"
    );
    Rule::new(format!("{part} <= {body}")).message(message.as_str())
}

/// That something which takes so many seconds by default is shorter than the request that it is a part of.
fn within_request(field: &str, default: i64) -> Rule {
    const REQUEST: i64 = 15;
    let (part, request) = (milliseconds(field, default), milliseconds("requestTimeout", REQUEST));
    let message = format!(
        "limits.{field} ({default}s when left out) must be shorter than limits.requestTimeout ({REQUEST}s when left out), \
         which includes it"
    );
    Rule::new(format!("{part} < {request}")).message(message.as_str())
}

/// A duration of the service in CEL, whose own durations know no days.
fn milliseconds(field: &str, default: i64) -> String {
    let it = format!("self.{field}");
    let units = [("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let unit: String = units.iter().map(|(unit, factor)| format!("{it}.endsWith('{unit}') ? {factor} : ")).collect();
    format!(
        "(!has({it}) ? {default}000 : {it}.endsWith('ms') ? int({it}.replace('ms', '')) \
         : int({it}.substring(0, size({it}) - 1)) * ({unit}86400000))"
    )
}
