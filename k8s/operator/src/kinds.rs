//! The kinds of objects that the operator makes or reads, as one table. Watches, pruning and the RBAC rules follow it.

use kube::core::{ApiResource, GroupVersionKind};

/// A kind of object that belongs to a ConversationService or a ConversationSchema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they are the kinds of Kubernetes, by their names")]
pub enum Kind {
    ServiceAccount,
    Service,
    ConversationSchema,
    Deployment,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    Ingress,
    HttpRoute,
    NetworkPolicy,
    ServiceMonitor,
    PrometheusRule,
    Job,
    Pod,
}

/// How the API server knows a kind.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The API group; empty for the oldest.
    pub group: &'static str,
    /// The version of the group.
    pub version: &'static str,
    /// The kind's name.
    pub name: &'static str,
    /// The name in paths and in RBAC rules.
    pub plural: &'static str,
    /// Whether the cluster may lack the kind, because somebody else's CRD brings it.
    pub optional: bool,
}

impl Kind {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 13] = [
        Self::ServiceAccount,
        Self::Service,
        Self::ConversationSchema,
        Self::Deployment,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::Ingress,
        Self::HttpRoute,
        Self::NetworkPolicy,
        Self::ServiceMonitor,
        Self::PrometheusRule,
        Self::Job,
        Self::Pod,
    ];

    /// How the API server knows it.
    #[must_use]
    pub const fn row(self) -> Row {
        let (group, version, name, plural, optional) = match self {
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts", false),
            Self::Service => ("", "v1", "Service", "services", false),
            Self::ConversationSchema => {
                ("conversation.dev", "v1alpha1", "ConversationSchema", "conversationschemas", false)
            }
            Self::Deployment => ("apps", "v1", "Deployment", "deployments", false),
            Self::HorizontalPodAutoscaler => {
                ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", false)
            }
            Self::PodDisruptionBudget => ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", false),
            Self::Ingress => ("networking.k8s.io", "v1", "Ingress", "ingresses", false),
            Self::HttpRoute => ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", false),
            Self::ServiceMonitor => ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", true),
            Self::PrometheusRule => ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules", true),
            Self::Job => ("batch", "v1", "Job", "jobs", false),
            Self::Pod => ("", "v1", "Pod", "pods", false),
        };
        Row { group, version, name, plural, optional }
    }

    /// The kind by its name, as an object's `kind` has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.row().name == name)
    }

    /// `apiVersion` of an object.
    #[must_use]
    pub fn api_version(self) -> String {
        let Row { group, version, .. } = self.row();
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// For a client that knows the kind by its name only.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let Row { group, version, name, plural, .. } = self.row();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, name), plural)
    }
}
