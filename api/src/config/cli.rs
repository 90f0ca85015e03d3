//! The flags and their variables, as clap reads them, and the checks that span several of them.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use conversation_core::Rules;
use conversation_store::mongo::CoalesceBounds;
use secrecy::ExposeSecret;

use super::{
    Config, Faults, Mongodb,
    value::{Host, LogFilter, LogFormat, Origins, Raw},
};

/// MongoDB refuses documents that nest deeper than 100 levels; the event around a payload takes a few of them.
const DEEPEST_NESTING: usize = 90;

/// The conversation service: sessions and events of voice conversations over HTTP.
///
/// Without any setting it listens on port 3000 and keeps its data in ./data. Every flag has an environment variable; a
/// flag wins over its variable.
#[derive(Debug, Parser)]
#[command(name = "conversation-api", version, max_term_width = 120)]
pub(super) struct Cli {
    /// The port of the API; 0 takes a free one.
    #[arg(long, env = "PORT", default_value = "3000")]
    port: Raw<u16>,

    /// The address that both ports listen on.
    #[arg(long, env = "HOST", default_value = "0.0.0.0")]
    host: Raw<Host>,

    /// The port of health and metrics; 0 takes a free one.
    #[arg(long, env = "MANAGEMENT_PORT", default_value = "9090")]
    management_port: Raw<u16>,

    /// The MongoDB replica set or sharded cluster to keep data in; without it the embedded store is used.
    #[arg(long, env = "MONGODB_URI", hide_env_values = true)]
    mongodb_uri: Option<Raw<String>>,

    /// A file that holds the value of MONGODB_URI, as secrets are mounted.
    #[arg(long, env = "MONGODB_URI_FILE")]
    mongodb_uri_file: Option<Raw<PathBuf>>,

    /// The MongoDB database.
    #[arg(long, env = "MONGODB_DATABASE", default_value = "conversations")]
    mongodb_database: Raw<String>,

    /// The most connections to each MongoDB server.
    #[arg(long, env = "MONGODB_MAX_POOL_SIZE", default_value = "100")]
    mongodb_max_pool_size: Raw<u32>,

    /// How long to look for a MongoDB server that can answer.
    #[arg(long, env = "MONGODB_SERVER_SELECTION_TIMEOUT", default_value = "3s")]
    mongodb_server_selection_timeout: Raw<Duration>,

    /// How long one operation on MongoDB may take.
    #[arg(long, env = "MONGODB_OPERATION_TIMEOUT", default_value = "5s")]
    mongodb_operation_timeout: Raw<Duration>,

    /// The most batches of coalesced writes, or of coalesced reads, on their way to MongoDB at once.
    #[arg(long, env = "COALESCE_SLOTS", default_value = "3")]
    coalesce_slots: Raw<usize>,

    /// The most documents in one such batch.
    #[arg(long, env = "COALESCE_BATCH", default_value = "1000")]
    coalesce_batch: Raw<usize>,

    /// The most documents that wait for a batch; beyond that requests are refused with OVERLOADED.
    #[arg(long, env = "COALESCE_QUEUE", default_value = "20000")]
    coalesce_queue: Raw<usize>,

    /// Whether missing MongoDB collections and indexes are made at the start; for development only, elsewhere
    /// conversation-migrator plans and applies them.
    #[arg(long, env = "AUTO_MIGRATE", default_value = "false")]
    auto_migrate: Raw<bool>,

    /// The embedded store's folder; made when it is missing.
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    data_dir: Raw<PathBuf>,

    /// The most connections at once; more wait in the system's queue.
    #[arg(long, env = "MAX_CONNECTIONS", default_value = "10000")]
    max_connections: Raw<usize>,

    /// The largest request body, in bytes.
    #[arg(long, env = "MAX_BODY_BYTES", default_value = "1048576")]
    max_body_bytes: Raw<usize>,

    /// The largest body of a batch, in bytes.
    #[arg(long, env = "MAX_BATCH_BODY_BYTES", default_value = "4194304")]
    max_batch_body_bytes: Raw<usize>,

    /// The largest metadata of a session, in bytes of JSON without white space.
    #[arg(long, env = "MAX_METADATA_BYTES", default_value = "16384")]
    max_metadata_bytes: Raw<usize>,

    /// The largest payload of an event, in bytes of JSON without white space.
    #[arg(long, env = "MAX_PAYLOAD_BYTES", default_value = "262144")]
    max_payload_bytes: Raw<usize>,

    /// The deepest nesting of metadata and payload; the object itself is level 1.
    #[arg(long, env = "MAX_NESTING", default_value = "32")]
    max_nesting: Raw<usize>,

    /// How far in the future a time sent by a client may lie.
    #[arg(long, env = "MAX_CLOCK_SKEW", default_value = "24h")]
    max_clock_skew: Raw<Duration>,

    /// How long after a session's end its late events are still stored.
    #[arg(long, env = "LATE_EVENT_GRACE", default_value = "300s")]
    late_event_grace: Raw<Duration>,

    /// How long an erased session's identifier stays refused.
    #[arg(long, env = "ERASURE_TOMBSTONE_TTL", default_value = "30d")]
    erasure_tombstone_ttl: Raw<Duration>,

    /// How often what erasures left behind is removed.
    #[arg(long, env = "SWEEP_INTERVAL", default_value = "60s")]
    sweep_interval: Raw<Duration>,

    /// How long a connection may take to send its first request, and one of HTTP/1 may be idle or take to send a request's
    /// head; longer than the ingress keeps its own idle.
    #[arg(long, env = "HEADER_READ_TIMEOUT", default_value = "75s")]
    header_read_timeout: Raw<Duration>,

    /// How long a request body may take to arrive.
    #[arg(long, env = "BODY_READ_TIMEOUT", default_value = "10s")]
    body_read_timeout: Raw<Duration>,

    /// How long a request may take in all.
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "15s")]
    request_timeout: Raw<Duration>,

    /// How long to serve on after SIGTERM with readiness off, so that load balancers notice.
    #[arg(long, env = "DRAIN_DELAY", default_value = "0s")]
    drain_delay: Raw<Duration>,

    /// How long requests in flight may take after that.
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "20s")]
    shutdown_timeout: Raw<Duration>,

    /// The origins that browsers may call from, separated by commas; none when left out.
    #[arg(long, env = "CORS_ORIGINS")]
    cors_origins: Option<Raw<Origins>>,

    /// How log lines look: auto (text on a terminal, JSON elsewhere), json or text.
    #[arg(long, env = "LOG_FORMAT", default_value = "auto")]
    log_format: Raw<LogFormat>,

    /// Which log lines are written: a level, or directives such as info,hyper=debug.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    log_level: Raw<LogFilter>,

    /// Prints the settings in force, with secrets masked, and ends.
    #[arg(long)]
    pub(super) print_config: bool,
}

impl Cli {
    /// Checks every setting, and those that depend on each other.
    pub(super) fn check(self) -> Result<Config, Faults> {
        let mut faults = Faults(Vec::new());
        let rules = Rules {
            max_metadata_bytes: faults.take("MAX_METADATA_BYTES", self.max_metadata_bytes),
            max_payload_bytes: faults.take("MAX_PAYLOAD_BYTES", self.max_payload_bytes),
            max_nesting: faults.take("MAX_NESTING", self.max_nesting),
            max_clock_skew: faults.take("MAX_CLOCK_SKEW", self.max_clock_skew),
            late_event_grace: faults.take("LATE_EVENT_GRACE", self.late_event_grace),
            erasure_tombstone_ttl: faults.take("ERASURE_TOMBSTONE_TTL", self.erasure_tombstone_ttl),
        };
        let uri = self.mongodb_uri.map(|raw| faults.take("MONGODB_URI", raw));
        let uri_file = self.mongodb_uri_file.map(|raw| faults.take("MONGODB_URI_FILE", raw));
        let mongodb = Mongodb {
            uri: faults.secret(uri, uri_file).unwrap_or_default().into(),
            database: faults.take("MONGODB_DATABASE", self.mongodb_database),
            max_pool_size: faults.take("MONGODB_MAX_POOL_SIZE", self.mongodb_max_pool_size),
            server_selection_timeout: faults
                .take("MONGODB_SERVER_SELECTION_TIMEOUT", self.mongodb_server_selection_timeout),
            operation_timeout: faults.take("MONGODB_OPERATION_TIMEOUT", self.mongodb_operation_timeout),
            coalescing: CoalesceBounds {
                slots: faults.take("COALESCE_SLOTS", self.coalesce_slots),
                batch: faults.take("COALESCE_BATCH", self.coalesce_batch),
                queue: faults.take("COALESCE_QUEUE", self.coalesce_queue),
            },
            auto_migrate: faults.take("AUTO_MIGRATE", self.auto_migrate),
        };
        let Host(host) = faults.take("HOST", self.host);
        let Origins(cors_origins) = self.cors_origins.map(|raw| faults.take("CORS_ORIGINS", raw)).unwrap_or_default();
        let LogFilter(log_filter) = faults.take("LOG_LEVEL", self.log_level);
        let config = Config {
            host,
            port: faults.take("PORT", self.port),
            management_port: faults.take("MANAGEMENT_PORT", self.management_port),
            mongodb: (!mongodb.uri.expose_secret().is_empty()).then_some(mongodb),
            data_dir: faults.take("DATA_DIR", self.data_dir),
            max_connections: faults.take("MAX_CONNECTIONS", self.max_connections),
            max_body_bytes: faults.take("MAX_BODY_BYTES", self.max_body_bytes),
            max_batch_body_bytes: faults.take("MAX_BATCH_BODY_BYTES", self.max_batch_body_bytes),
            rules,
            header_read_timeout: faults.take("HEADER_READ_TIMEOUT", self.header_read_timeout),
            body_read_timeout: faults.take("BODY_READ_TIMEOUT", self.body_read_timeout),
            request_timeout: faults.take("REQUEST_TIMEOUT", self.request_timeout),
            drain_delay: faults.take("DRAIN_DELAY", self.drain_delay),
            shutdown_timeout: faults.take("SHUTDOWN_TIMEOUT", self.shutdown_timeout),
            sweep_interval: faults.take("SWEEP_INTERVAL", self.sweep_interval),
            cors_origins,
            log_format: faults.take("LOG_FORMAT", self.log_format),
            log_filter,
        };
        faults.check_together(&config);
        if faults.0.is_empty() { Ok(config) } else { Err(faults) }
    }
}

impl Faults {
    /// The connection string, given as it is or in a file.
    fn secret(&mut self, given: Option<String>, file: Option<PathBuf>) -> Option<String> {
        match (given, file) {
            (Some(_), Some(_)) => {
                self.note("MONGODB_URI", "and MONGODB_URI_FILE are both given: keep one of them");
                None
            }
            (given, None) => given,
            (None, Some(file)) => match std::fs::read_to_string(&file) {
                Ok(content) if !content.trim().is_empty() => Some(content.trim().to_owned()),
                Ok(_) => {
                    self.note("MONGODB_URI_FILE", format_args!("names {}, which is empty", file.display()));
                    None
                }
                Err(cause) => {
                    let message = format_args!("names {}, which cannot be read: {cause}", file.display());
                    self.note("MONGODB_URI_FILE", message);
                    None
                }
            },
        }
    }

    fn check_together(&mut self, config: &Config) {
        if !self.0.is_empty() {
            // Stand-ins for what could not be read would only raise faults that are none.
            return;
        }
        if config.port == config.management_port && config.port != 0 {
            self.note("MANAGEMENT_PORT", "is the same as PORT: choose another one");
        }
        if config.rules.max_payload_bytes > config.max_body_bytes {
            self.note("MAX_PAYLOAD_BYTES", "is larger than MAX_BODY_BYTES: a payload is part of a body");
        }
        if config.rules.max_metadata_bytes > config.max_body_bytes {
            self.note("MAX_METADATA_BYTES", "is larger than MAX_BODY_BYTES: metadata is part of a body");
        }
        if config.rules.max_nesting > DEEPEST_NESTING {
            self.note(
                "MAX_NESTING",
                format_args!("is more than {DEEPEST_NESTING}, which is as deep as MongoDB stores"),
            );
        }
        if config.sweep_interval < Duration::from_secs(1) {
            self.note("SWEEP_INTERVAL", "is shorter than 1s: sweeping more often only costs");
        }
        if config.body_read_timeout >= config.request_timeout {
            self.note("BODY_READ_TIMEOUT", "is not shorter than REQUEST_TIMEOUT, which includes it");
        }
        let operation = config.mongodb.as_ref().map(|mongodb| mongodb.operation_timeout);
        if operation.is_some_and(|operation| operation >= config.request_timeout) {
            self.note("MONGODB_OPERATION_TIMEOUT", "is not shorter than REQUEST_TIMEOUT, which includes it");
        }
    }
}
