//! The conversation service over HTTP: settings, telemetry, connections and the API itself.

pub mod app;
pub mod config;
pub mod http;
pub mod server;
pub mod telemetry;
pub mod version;
