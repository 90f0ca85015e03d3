//! The Ingress or the HTTPRoute, and where the API is reached by it.

use serde_json::{Value, json};

use super::{Desired, Owner, put, service::PORT, value};
use crate::{
    api::{ConversationServiceSpec, Limits},
    kinds::Kind,
};

pub(super) fn ingress(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let ingress = spec.exposure.as_ref()?.ingress.as_ref()?;
    let backend = json!({"service": {"name": owner.name, "port": {"name": "http"}}});
    let path = json!({"path": ingress.path, "pathType": "Prefix", "backend": backend});
    let mut body = json!({"metadata": {}, "spec": {"rules": [{"host": ingress.host, "http": {"paths": [path]}}]}});
    put(&mut body["metadata"], "annotations", value(&ingress.annotations));
    put(&mut body["spec"], "ingressClassName", value(&ingress.class_name));
    if let Some(secret) = &ingress.tls_secret_name {
        body["spec"]["tls"] = json!([{"hosts": [ingress.host], "secretName": secret}]);
    }
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::Ingress, &owner.name, labels, body))
}

pub(super) fn route(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let gateway = spec.exposure.as_ref()?.gateway.as_ref()?;
    let parents: Vec<Value> = gateway
        .parent_refs
        .iter()
        .map(|parent| {
            // Written out, because the API server puts them in and atomic lists are compared as a whole.
            let mut reference = value(parent);
            reference["group"] = "gateway.networking.k8s.io".into();
            reference["kind"] = "Gateway".into();
            reference
        })
        .collect();
    let backend = json!({"group": "", "kind": "Service", "name": owner.name, "port": PORT, "weight": 1});
    let mut body = json!({"spec": {
        "parentRefs": parents,
        "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": gateway.path}}],
            "backendRefs": [backend],
            // Longer than a request may take, so that the API says what happened.
            "timeouts": {"request": patience(&spec.limits)},
        }],
    }});
    put(&mut body["spec"], "hostnames", value(&gateway.hostnames));
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::HttpRoute, &owner.name, labels, body))
}

/// How long a request may take at the Gateway: five seconds longer than at the API, in the form of the Gateway API, which has
/// at most five digits of a unit.
fn patience(limits: &Limits) -> String {
    const DEFAULT: u64 = 15;
    let seconds = limits.request_timeout.as_deref().and_then(seconds).unwrap_or(DEFAULT) + 5;
    if seconds <= 99_999 { format!("{seconds}s") } else { format!("{}h", seconds.div_ceil(3600).min(99_999)) }
}

/// A duration as the settings of the service have it, in seconds, rounded up.
fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(number.div_ceil(1000)),
        "s" => Some(number),
        "m" => Some(number * 60),
        "h" => Some(number * 3600),
        "d" => Some(number * 86_400),
        _ => None,
    }
}

/// Where the API is reached: from outside if it is exposed, else inside of the cluster. What clients call begins with `/v1`,
/// whatever part of that is exposed.
pub(super) fn endpoint(owner: &Owner, spec: &ConversationServiceSpec) -> String {
    let exposure = spec.exposure.as_ref();
    if let Some(ingress) = exposure.and_then(|exposure| exposure.ingress.as_ref()) {
        let scheme = if ingress.tls_secret_name.is_some() { "https" } else { "http" };
        return format!("{scheme}://{}", ingress.host);
    }
    let gateway = exposure.and_then(|exposure| exposure.gateway.as_ref());
    match gateway.and_then(|gateway| gateway.hostnames.first()) {
        Some(host) => format!("https://{host}"),
        None => format!("http://{}.{}.svc", owner.name, owner.namespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_more_patient_than_the_api() {
        let of = |timeout: Option<&str>| {
            patience(&Limits { request_timeout: timeout.map(str::to_owned), ..Limits::default() })
        };
        let table = [
            (None, "20s"),
            (Some("60s"), "65s"),
            (Some("1500ms"), "7s"),
            (Some("2m"), "125s"),
            (Some("27h"), "97205s"),
            (Some("2d"), "49h"),
            (Some("999999999d"), "99999h"),
        ];
        for (timeout, expected) in table {
            assert_eq!(of(timeout), expected, "{timeout:?}");
        }
    }
}
