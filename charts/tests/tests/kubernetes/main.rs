//! The chart on a real control plane: what Helm makes of it, what the API server says to that, and how the service lives
//! through installs, upgrades and failed migrations.

mod rendering;
mod schema;
mod support;
mod tools;
