//! The Services and the ServiceAccount.

use serde_json::json;

use super::{Desired, Owner, put, value};
use crate::{api::ConversationServiceSpec, kinds::Kind};

/// The port of the Service, as seen inside of the cluster.
pub(super) const PORT: u16 = 80;

/// The name of the Service for Prometheus.
pub(super) fn management(owner: &Owner) -> String {
    format!("{}-management", owner.name)
}

/// The API, and apart from it the management port, so that opening the one to the outside does not open the other.
pub(super) fn services(owner: &Owner, spec: &ConversationServiceSpec) -> Vec<Desired> {
    let version = spec.image.version();
    let selector = owner.selector("api");
    let api = json!({"spec": {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [{"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}],
    }});
    let monitored = json!({"spec": {
        "type": "ClusterIP",
        "clusterIP": "None",
        // A pod that is not ready has metrics, and those say why.
        "publishNotReadyAddresses": true,
        "selector": selector,
        "ports": [{
            "name": "management", "port": 9090, "targetPort": "management", "protocol": "TCP", "appProtocol": "http",
        }],
    }});
    vec![
        owner.object(Kind::Service, &owner.name, owner.labels("api", &version), api),
        owner.object(Kind::Service, &management(owner), owner.labels("management", &version), monitored),
    ]
}

/// The account that pods run as.
pub(super) fn account_name(owner: &Owner, spec: &ConversationServiceSpec) -> String {
    spec.pod.service_account_name.clone().unwrap_or_else(|| owner.name.clone())
}

/// An account without rights, whose token no pod has, unless there is one already.
pub(super) fn account(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    if spec.pod.service_account_name.is_some() {
        return None;
    }
    let mut account = json!({"automountServiceAccountToken": false, "metadata": {}});
    put(&mut account["metadata"], "annotations", value(&spec.pod.service_account_annotations));
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::ServiceAccount, &owner.name, labels, account))
}
