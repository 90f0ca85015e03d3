//! What the service tells of itself: log lines and metrics.

pub mod logs;
pub mod metrics;
pub mod store;
