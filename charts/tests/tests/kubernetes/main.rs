//! The chart on a real control plane: what Helm makes of it, what the API server says to that, and how the service lives
//! through installs, upgrades and failed migrations.

mod cluster;
mod gates;
mod place;
mod release;
mod rendering;
mod schema;
mod server;
mod support;
mod tools;
