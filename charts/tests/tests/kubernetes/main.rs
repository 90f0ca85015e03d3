//! The charts on a real control plane: what Helm makes of them, what the API server says to that, and how the service lives
//! through installs, upgrades and failed migrations.

mod blank;
mod bounds;
mod cluster;
mod edges;
mod failures;
mod gates;
mod names;
mod oldest;
mod operator;
mod package;
mod place;
mod queries;
mod release;
mod rendering;
mod schema;
mod server;
mod settings;
mod shell;
mod support;
mod tools;
mod umbrella;

use std::time::Duration;

/// Long against everything that is waited for, on a machine that runs several control planes' programs besides.
const DEADLINE: Duration = Duration::from_secs(180);
