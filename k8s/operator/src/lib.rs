//! The operator of the conversation service.

#[expect(unreachable_pub, reason = "the derive macro of schemas copies structs into functions")]
pub mod api;
