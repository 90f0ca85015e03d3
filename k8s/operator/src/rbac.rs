//! What the operator may do, as one table. The roles of the manifests and of the chart are generated from it, and a test with
//! an API server compares it with the requests that are made.

use serde::Serialize;

use crate::kinds::Kind;

/// A rule of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The API groups.
    pub api_groups: Vec<&'static str>,
    /// The resources.
    pub resources: Vec<String>,
    /// What may be done with them.
    pub verbs: Vec<&'static str>,
}

fn rule(group: &'static str, resource: &str, verbs: &[&'static str]) -> Rule {
    Rule { api_groups: vec![group], resources: vec![resource.to_owned()], verbs: verbs.to_vec() }
}

/// Keeps copies, looks whether a name is free, makes and mends, and removes what is no longer declared.
const KEEP: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];

/// What is done with a kind.
fn verbs(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &["list", "watch"],
        Kind::Job => &["get", "list", "watch", "create", "delete"],
        // They are there as long as what they belong to, and go with it.
        Kind::Deployment | Kind::Service => &["get", "list", "watch", "create", "patch"],
        _ => &KEEP,
    }
}

/// What is done in the namespaces that are watched.
#[must_use]
pub fn rules() -> Vec<Rule> {
    const GROUP: &str = crate::api::GROUP;
    let mut rules = vec![
        rule(GROUP, "conversationservices", &["list", "watch"]),
        rule(GROUP, "conversationservices/status", &["patch"]),
        rule(GROUP, "conversationschemas/status", &["patch"]),
        // What has an owner keeps it from going first; some clusters ask for this right before they let that be said.
        rule(GROUP, "conversationservices/finalizers", &["update"]),
        rule(GROUP, "conversationschemas/finalizers", &["update"]),
        // Why a Job has no pod, and a pod not its volumes, is only in their events.
        rule("", "events", &["list"]),
        rule("events.k8s.io", "events", &["create", "patch"]),
    ];
    rules.extend(Kind::ALL.map(|kind| rule(kind.row().group, kind.row().plural, verbs(kind))));
    rules
}

/// What is done in the operator's own namespace, to agree with others on one that works.
#[must_use]
pub fn lease_rules() -> Vec<Rule> {
    vec![rule("coordination.k8s.io", "leases", &["get", "create", "update"])]
}
