//! The ServiceMonitor and the PrometheusRule, for clusters with the Prometheus operator.

use serde_json::{Value, json};

use super::{Desired, Owner, job::job_names, service::management, value};
use crate::{api::ConversationServiceSpec, kinds::Kind};

/// The alerts of the chart, as JSON; `cargo xtask codegen` takes them over.
const RULES: &str = include_str!("rules.json");
/// What they call the API.
const API: &str = r#"job=\"conversation-service\""#;
/// What they call the Jobs of the migrator.
const MIGRATIONS: &str = r#"job_name=~\"conversation-service-migrate.*\""#;

pub(super) fn monitor(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let monitor = spec.telemetry.service_monitor.as_ref()?;
    let body = json!({
        "metadata": {"labels": value(&monitor.labels)},
        "spec": {
            "selector": {"matchLabels": owner.selector("management")},
            "endpoints": [{"port": "management", "path": "/metrics", "interval": monitor.interval}],
        },
    });
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::ServiceMonitor, &owner.name, labels, body))
}

pub(super) fn rule(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let rule = spec.telemetry.prometheus_rule.as_ref()?;
    // The rules speak of one job and its migrations; here they are made to speak of this object's.
    let here = |label: String| format!(r#"{label},namespace=\"{}\""#, owner.namespace);
    let api = here(format!(r#"job=\"{}\""#, management(owner)));
    let migrations = here(format!(r#"job_name=~\"{}\""#, job_names(owner)));
    let rules = RULES.replace(API, &api).replace(MIGRATIONS, &migrations);
    let rules: Value = serde_json::from_str(&rules).unwrap_or_default();
    let body = json!({"metadata": {"labels": value(&rule.labels)}, "spec": rules});
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::PrometheusRule, &owner.name, labels, body))
}
