//! The environment of the API: which field of the object is which setting of the service.

use serde_json::{Value, json};

use super::pod::mongodb_uri;
use crate::api::{ConversationServiceSpec, EnvVar, Limits};

type Limit = (&'static str, fn(&Limits) -> Option<String>);

/// The variable of each limit. A test compares the names with the settings of the service.
pub(super) const LIMITS: [Limit; 13] = [
    ("BODY_READ_TIMEOUT", |limits| limits.body_read_timeout.clone()),
    ("ERASURE_TOMBSTONE_TTL", |limits| limits.erasure_tombstone_ttl.clone()),
    ("LATE_EVENT_GRACE", |limits| limits.late_event_grace.clone()),
    ("MAX_BATCH_BODY_BYTES", |limits| number(limits.max_batch_body_bytes)),
    ("MAX_BODY_BYTES", |limits| number(limits.max_body_bytes)),
    ("MAX_CLOCK_SKEW", |limits| limits.max_clock_skew.clone()),
    ("MAX_CONNECTIONS", |limits| number(limits.max_connections)),
    ("MAX_METADATA_BYTES", |limits| number(limits.max_metadata_bytes)),
    ("MAX_NESTING", |limits| number(limits.max_nesting)),
    ("MAX_PAYLOAD_BYTES", |limits| number(limits.max_payload_bytes)),
    ("MONGODB_MAX_POOL_SIZE", |limits| number(limits.mongodb_max_pool_size)),
    ("MONGODB_OPERATION_TIMEOUT", |limits| limits.mongodb_operation_timeout.clone()),
    ("REQUEST_TIMEOUT", |limits| limits.request_timeout.clone()),
];

/// The variables that are always set, or by a field other than a limit.
const FIELDS: [&str; 10] = [
    "CORS_ORIGINS",
    "DRAIN_DELAY",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MANAGEMENT_PORT",
    "MONGODB_DATABASE",
    "MONGODB_URI",
    "PORT",
    "REDIS_URL",
    "SHUTDOWN_TIMEOUT",
];

/// All variables that fields become.
pub fn reserved() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().chain(LIMITS.into_iter().map(|(name, _)| name))
}

fn number(limit: Option<i64>) -> Option<String> {
    limit.map(|limit| limit.to_string())
}

/// All variables: secrets, the settings that have a field in the order of their names, and what users add.
pub(super) fn env(spec: &ConversationServiceSpec) -> Vec<Value> {
    let mut settings = vec![
        ("MONGODB_DATABASE", spec.mongodb.database.clone()),
        ("PORT", "3000".to_owned()),
        ("MANAGEMENT_PORT", "9090".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
        ("DRAIN_DELAY", format!("{}s", spec.shutdown.drain_delay_seconds)),
        ("SHUTDOWN_TIMEOUT", format!("{}s", spec.shutdown.timeout_seconds)),
    ];
    settings.extend(spec.telemetry.log_level.clone().map(|level| ("LOG_LEVEL", level)));
    if !spec.cors_origins.is_empty() {
        settings.push(("CORS_ORIGINS", spec.cors_origins.join(",")));
    }
    settings.extend(LIMITS.iter().filter_map(|(name, limit)| Some((*name, limit(&spec.limits)?))));
    settings.sort_unstable();

    let mut env = vec![mongodb_uri(&spec.mongodb.uri_secret)];
    env.extend(spec.redis.iter().map(|redis| {
        let secret = &redis.url_secret;
        json!({"name": "REDIS_URL", "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}})
    }));
    env.extend(settings.into_iter().map(|(name, value)| json!({"name": name, "value": value})));
    env.extend(spec.pod.env.iter().map(|EnvVar { name, value, secret }| match secret {
        Some(secret) => json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}}),
        None => json!({"name": name, "value": value.clone().unwrap_or_default()}),
    }));
    env
}
