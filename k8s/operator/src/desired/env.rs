//! The environment of the API: which field of the object is which setting of the service.

use serde_json::{Value, json};

use super::pod::{from_secret, mongodb_uri};
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

/// The other variables that `pod.env` may not have, and what to do instead.
const RESERVED: [(&str, &str); 14] = [
    ("AUTO_MIGRATE", "the operator migrates, see migration"),
    ("CORS_ORIGINS", "use corsOrigins"),
    ("DATA_DIR", "pods keep nothing themselves, use mongodb"),
    ("DRAIN_DELAY", "use shutdown.drainDelaySeconds"),
    ("HOST", "use listenAddress"),
    ("LOG_FORMAT", "it is always json"),
    ("LOG_LEVEL", "use telemetry.logLevel"),
    ("MANAGEMENT_PORT", "it is always 9090"),
    ("MONGODB_DATABASE", "use mongodb.database"),
    ("MONGODB_URI", "use mongodb.uriSecret"),
    ("MONGODB_URI_FILE", "use mongodb.uriSecret"),
    ("PORT", "it is always 3000"),
    ("REDIS_URL", "use redis.urlSecret"),
    ("SHUTDOWN_TIMEOUT", "use shutdown.timeoutSeconds"),
];

/// All variables that are not for users to set, and what to do instead.
pub fn reserved() -> impl Iterator<Item = (&'static str, String)> {
    let limits = LIMITS.into_iter().map(|(name, _)| (name, format!("use limits.{}", field(name))));
    RESERVED.into_iter().map(|(name, advice)| (name, advice.to_owned())).chain(limits)
}

/// The field of a variable: maxBodyBytes of MAX_BODY_BYTES.
fn field(variable: &str) -> String {
    let words = variable.split('_').enumerate().map(|(index, word)| match word.split_at(word.len().min(1)) {
        (first, rest) if index > 0 => first.to_owned() + &rest.to_ascii_lowercase(),
        _ => word.to_ascii_lowercase(),
    });
    words.collect()
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
    settings.extend(spec.listen_address.setting().map(|address| ("HOST", address.to_owned())));
    settings.extend(spec.telemetry.log_level.clone().map(|level| ("LOG_LEVEL", level)));
    if !spec.cors_origins.is_empty() {
        settings.push(("CORS_ORIGINS", spec.cors_origins.join(",")));
    }
    settings.extend(LIMITS.iter().filter_map(|(name, limit)| Some((*name, limit(&spec.limits)?))));
    settings.sort_unstable();

    let mut env = vec![mongodb_uri(&spec.mongodb.uri_secret)];
    let redis = spec.redis.iter().map(|redis| &redis.url_secret);
    env.extend(redis.map(|secret| from_secret("REDIS_URL", &secret.name, &secret.key)));
    env.extend(settings.into_iter().map(|(name, value)| json!({"name": name, "value": value})));
    env.extend(spec.pod.env.iter().map(|EnvVar { name, value, secret }| match secret {
        Some(secret) => from_secret(name, &secret.name, &secret.key),
        None => json!({"name": name, "value": value.clone().unwrap_or_default()}),
    }));
    env
}
