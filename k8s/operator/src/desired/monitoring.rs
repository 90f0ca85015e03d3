//! The ServiceMonitor and the PrometheusRule, for clusters with the Prometheus operator.

use serde_json::{Value, json};

use super::{Desired, Owner, service::management, value};
use crate::{api::ConversationServiceSpec, kinds::Kind};

/// The alerts of the chart, as JSON; `cargo xtask codegen` takes them over.
const RULES: &str = include_str!("rules.json");

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
    // The rules speak of one job; here they are made to speak of this object's.
    let job = format!(r#"job=\"{}\",namespace=\"{}\""#, management(owner), owner.namespace);
    let rules: Value =
        serde_json::from_str(&RULES.replace(r#"job=\"conversation-service\""#, &job)).unwrap_or_default();
    let body = json!({"metadata": {"labels": value(&rule.labels)}, "spec": rules});
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::PrometheusRule, &owner.name, labels, body))
}
