//! Who may talk to the pods, and to whom they may talk.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The address that pods listen on. Probes and clients need all of a pod's addresses, so it is none of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub enum ListenAddress {
    /// All addresses of IPv4.
    #[default]
    #[serde(rename = "0.0.0.0")]
    Ipv4,
    /// All addresses of IPv6, and of IPv4 where pods have those too.
    #[serde(rename = "::")]
    All,
}

impl ListenAddress {
    /// The setting of the service.
    #[must_use]
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::Ipv4 => None,
            Self::All => Some("::"),
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) const fn is_default(&self) -> bool {
        self.setting().is_none()
    }
}

/// A NetworkPolicy for the pods. The probes of the node's own kubelet are always let through.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    /// Who may call the API; none means everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub clients: Vec<Peer>,
    /// Who may read metrics from the management port; none means nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub monitoring: Vec<Peer>,
    /// The ports of MongoDB and Redis, the only ones besides DNS that pods may connect to; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(range(min = 1, max = 65_535)))]
    pub database_ports: Vec<i32>,
}

/// Pods by their labels and by those of their namespace.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Labels of the namespace; none means the namespace of the object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub namespace_labels: BTreeMap<String, String>,
    /// Labels of the pods; none means all pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub pod_labels: BTreeMap<String, String>,
}
