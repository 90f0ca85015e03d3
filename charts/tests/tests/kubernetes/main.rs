//! The charts on a real control plane: what Helm makes of them, what the API server says to that, and how the service lives
//! through installs, upgrades and failed migrations.

mod cluster;
mod operator;
mod rendering;
mod schema;
mod support;
mod tools;
