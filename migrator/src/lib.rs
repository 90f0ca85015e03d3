//! Observes a MongoDB deployment, plans what takes it to the declared schema, applies the plan and verifies the result.
//! Planning and verifying are pure functions of what was observed.

pub mod advise;
pub mod apply;
pub mod capacity;
pub mod cli;
pub mod commands;
pub mod connect;
pub mod declaration;
pub mod exit;
pub mod observe;
pub mod plan;
pub mod render;
pub mod reshard;
pub mod status;
pub mod summary;
pub mod verify;
