//! The operator of the conversation service: it makes on Kubernetes what a ConversationService and a ConversationSchema
//! declare, and keeps it so.

#[expect(unreachable_pub, reason = "the derive macro of schemas copies structs into functions")]
pub mod api;
pub mod conditions;
pub mod desired;
pub mod drift;
pub mod kinds;
pub mod migration;
mod pods;
