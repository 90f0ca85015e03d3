//! The two kinds of the group `conversation.dev` as users write and read them. Their documentation is the description of
//! every field in the generated CRDs under `k8s/crds`.

mod condition;
mod exposure;
mod image;
mod limits;
mod mongodb;
mod network;
mod pod;
mod scaling;
mod schema;
mod service;
mod telemetry;
#[cfg(test)]
mod tests;

pub use condition::{Condition, ConditionStatus};
pub use exposure::{Exposure, Gateway, Ingress, ParentRef};
pub use image::{Image, ImagePullSecret, PullPolicy};
pub use limits::Limits;
pub use mongodb::{
    Index, IndexKey, Migration, Mongodb, Order, Policy, Redis, RedisSecret, Retention, ShardKeys, Sharding, Tls,
    UriSecret, Zone,
};
pub use network::{ListenAddress, NetworkPolicy, Peer};
pub use pod::{EnvVar, Pod, Resources, SecretKey, Shutdown, Toleration};
pub use scaling::{Autoscaling, Behavior, Scaling, ScalingPolicy, ScalingRules};
pub use schema::{
    AppliedSchema, ConversationSchema, ConversationSchemaSpec, ConversationSchemaStatus, Drift, Failure, JobSettings,
    Plan, SchemaMigration, SchemaPolicy, Step,
};
pub use service::{ConversationService, ConversationServiceSpec, ConversationServiceStatus, PlanSummary};
pub use telemetry::{PrometheusRule, ServiceMonitor, Telemetry};

/// The API group of both kinds, and the prefix of the operator's annotations and labels.
pub const GROUP: &str = "conversation.dev";
/// The annotation that names the approval of a plan which its owner lets be applied.
pub const APPROVE_PLAN: &str = "conversation.dev/approve-plan";
