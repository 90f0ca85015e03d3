//! Settings, by flag or variable. This is the only place that reads the environment.

use std::{net::IpAddr, time::Duration};

use clap::Parser;

/// The operator of the conversation service.
///
/// It keeps ConversationServices and ConversationSchemas as they are declared. Every flag has an environment variable; a
/// flag wins over its variable. The cluster is found as kubectl finds it, or by the pod's own account.
#[derive(Clone, Debug, Parser)]
#[command(name = "conversation-operator", version, max_term_width = 120)]
pub struct Config {
    /// The namespace whose objects are looked after; empty for all namespaces.
    #[arg(long, env = "WATCH_NAMESPACE", default_value = "")]
    pub watch_namespace: String,
    /// The address that the port of health and metrics listens on.
    #[arg(long, env = "HOST", default_value = "0.0.0.0")]
    pub host: IpAddr,
    /// The port of health and metrics; 0 takes a free one.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// How many objects of a kind are worked on at once.
    #[arg(long, env = "CONCURRENCY", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// The Lease by which several operators agree on one that works.
    #[arg(long, env = "LEASE_NAME", default_value = "conversation-operator")]
    pub lease_name: String,
    /// The namespace of the Lease; empty for that of the operator's own pod.
    #[arg(long, env = "LEASE_NAMESPACE", default_value = "")]
    pub lease_namespace: String,
    /// For how long the Lease holds without being renewed, in seconds: so long, and up to half as long again, may nobody work
    /// after a leader has died.
    #[arg(long, env = "LEASE_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..=300))]
    pub lease_seconds: u16,
    /// What tells this operator from the others; empty for the pod's name, or a random one.
    #[arg(long, env = "POD_NAME", default_value = "")]
    pub identity: String,
    /// How long work in progress may take after SIGTERM, in seconds.
    #[arg(long, env = "SHUTDOWN_SECONDS", default_value_t = 20)]
    pub shutdown_seconds: u16,
    /// Which log lines are written: a level, or directives such as info,hyper=debug.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// How log lines look: json or text.
    #[arg(long, env = "LOG_FORMAT", default_value = "json", value_parser = ["json", "text"])]
    pub log_format: String,
}

impl Config {
    /// The namespace whose objects are looked after, unless it is all of them.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        Some(self.watch_namespace.as_str()).filter(|name| !name.is_empty())
    }

    /// For how long the Lease holds without being renewed.
    #[must_use]
    pub fn lease_duration(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }

    /// How long work in progress may take after SIGTERM.
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds.into())
    }
}
