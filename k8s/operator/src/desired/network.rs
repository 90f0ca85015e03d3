//! The NetworkPolicy.

use serde_json::{Value, json};

use super::{Desired, INSTANCE, NAME, Owner, put};
use crate::{
    api::{ConversationServiceSpec, Peer},
    kinds::Kind,
};

/// For the pods of the API and of the migrator. The kubelet's probes pass in any case.
pub(super) fn policy(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let policy = spec.network_policy.as_ref()?;
    let mut http = json!({"ports": [port(3000, "TCP")]});
    put(&mut http, "from", peers(&policy.clients));
    let mut ingress = vec![http];
    if !policy.monitoring.is_empty() {
        ingress.push(json!({"ports": [port(9090, "TCP")], "from": peers(&policy.monitoring)}));
    }
    let mut body = json!({"spec": {
        "podSelector": {
            "matchLabels": {INSTANCE: owner.name},
            "matchExpressions": [
                {"key": NAME, "operator": "In", "values": ["conversationschema", "conversationservice"]},
            ],
        },
        "policyTypes": ["Ingress"],
        "ingress": ingress,
    }});
    if !policy.database_ports.is_empty() {
        let databases: Vec<Value> = policy.database_ports.iter().map(|&number| port(number, "TCP")).collect();
        body["spec"]["policyTypes"] = json!(["Ingress", "Egress"]);
        // DNS wherever it is: a cache on the node has an address outside of the pods' network. OpenShift's pods of it listen on
        // 5353, and a policy is about the port of the pod behind a Service.
        let names = [port(53, "UDP"), port(53, "TCP"), port(5353, "UDP"), port(5353, "TCP")];
        body["spec"]["egress"] = json!([{"ports": names}, {"ports": databases}]);
    }
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::NetworkPolicy, &owner.name, labels, body))
}

fn port(number: i32, protocol: &str) -> Value {
    json!({"port": number, "protocol": protocol})
}

fn peers(peers: &[Peer]) -> Vec<Value> {
    let peer = |Peer { namespace_labels, pod_labels }: &Peer| {
        let mut peer = json!({});
        if !namespace_labels.is_empty() {
            peer["namespaceSelector"] = json!({"matchLabels": namespace_labels});
        }
        if !pod_labels.is_empty() {
            peer["podSelector"] = json!({"matchLabels": pod_labels});
        } else if namespace_labels.is_empty() {
            // All pods of the namespace; a peer without any selector would be refused.
            peer["podSelector"] = json!({});
        }
        peer
    };
    peers.iter().map(peer).collect()
}
