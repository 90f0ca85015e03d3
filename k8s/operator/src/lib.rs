//! The operator of the conversation service: it makes on Kubernetes what a ConversationService and a ConversationSchema
//! declare, and keeps it so.

#[expect(unreachable_pub, reason = "the derive macro of schemas copies structs into functions")]
pub mod api;
pub mod backoff;
pub mod client;
pub mod conditions;
pub mod config;
pub mod desired;
pub mod drift;
pub mod kinds;
pub mod leader;
pub mod metrics;
pub mod migration;
mod pods;
pub mod rbac;
pub mod reconcile;
pub mod run;
pub mod server;
pub mod watch;
