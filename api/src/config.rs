//! Settings: read once from flags and environment, checked as a whole, every fault reported with its remedy.
//! This is the only place that reads the environment.

mod cli;
mod show;
mod value;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{CommandFactory, FromArgMatches};
use conversation_core::Rules;
use conversation_store::mongo::CoalesceBounds;
use http::HeaderValue;
use secrecy::SecretString;
use thiserror::Error;

use cli::Cli;
pub use show::table;
pub use value::LogFormat;
use value::{Raw, Setting};

/// What the process was asked to do.
#[expect(clippy::large_enum_variant, reason = "there is one value of this type in the life of a process")]
pub enum Request {
    /// Serve, with these settings.
    Serve(Config),
    /// Print this text and end.
    Print(String),
}

/// The settings, checked.
#[derive(Debug)]
pub struct Config {
    /// Where the API listens.
    pub host: IpAddr,
    /// The port of the API.
    pub port: u16,
    /// The port of health and metrics.
    pub management_port: u16,
    /// MongoDB, if that is the store.
    pub mongodb: Option<Mongodb>,
    /// The embedded store's folder.
    pub data_dir: PathBuf,
    /// The most connections at once.
    pub max_connections: usize,
    /// The largest body.
    pub max_body_bytes: usize,
    /// The largest body of a batch.
    pub max_batch_body_bytes: usize,
    /// The bounds of the domain.
    pub rules: Rules,
    /// How long a connection may be idle or take to send a request's head.
    pub header_read_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_read_timeout: Duration,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// How long to serve after readiness is off.
    pub drain_delay: Duration,
    /// How long requests in flight may take at the end.
    pub shutdown_timeout: Duration,
    /// How often erasures are cleaned up after.
    pub sweep_interval: Duration,
    /// The origins that browsers may call from.
    pub cors_origins: Vec<HeaderValue>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written.
    pub log_filter: String,
}

/// How to reach MongoDB.
#[derive(Debug)]
pub struct Mongodb {
    /// The connection string, which may hold a password.
    pub uri: SecretString,
    /// The database.
    pub database: String,
    /// The most connections to each server.
    pub max_pool_size: u32,
    /// How long to look for a server.
    pub server_selection_timeout: Duration,
    /// How long one operation may take.
    pub operation_timeout: Duration,
    /// How concurrent calls share round trips.
    pub coalescing: CoalesceBounds,
    /// Whether missing collections and indexes are made at the start.
    pub auto_migrate: bool,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}", self.0.join("\n"))]
pub struct Faults(Vec<String>);

impl Faults {
    fn note(&mut self, name: &str, message: impl std::fmt::Display) {
        self.0.push(format!("{name} {message}"));
    }

    fn take<T: Setting>(&mut self, name: &str, raw: Raw<T>) -> T {
        raw.value.unwrap_or_else(|text| {
            self.note(name, format_args!("is {text:?}: give {}", T::EXPECTED));
            T::default()
        })
    }
}

impl Request {
    /// Reads flags and environment. Help, version and unknown flags end the process, as is usual.
    ///
    /// # Errors
    /// All faults of the settings.
    pub fn read() -> Result<Self, Faults> {
        Self::from_matches(&Cli::command().get_matches())
    }

    fn from_matches(matches: &clap::ArgMatches) -> Result<Self, Faults> {
        let cli = Cli::from_arg_matches(matches).map_err(|error| Faults(vec![error.to_string()]))?;
        let print = cli.print_config;
        let config = cli.check()?;
        Ok(if print { Self::Print(show::config(matches)) } else { Self::Serve(config) })
    }
}

#[cfg(test)]
mod tests;
