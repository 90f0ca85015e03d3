//! The state of the service: alive, ready, and what it runs on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use conversation_core::Store;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{code::ErrorCode, problem::Problem, request::Call, sessions::Found, tags::Tags};
use crate::version;

/// The operations that tell of the service itself.
pub struct Health {
    /// The store that it depends on.
    pub store: Arc<dyn Store>,
    /// Whether it still takes new work.
    pub readiness: Readiness,
    /// When it started.
    pub started: Instant,
}

/// Whether the service takes new work; turned off once, at the beginning of its end.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// Turns new work away from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), Problem> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(Problem::field(ErrorCode::StoreUnavailable, "process", "is shutting down: ask another one"));
        }
        Ok(())
    }
}

/// That a part is well.
#[derive(Debug, Serialize, Object)]
pub struct Well {
    /// Always `ok`; what is not is an error.
    pub status: String,
}

/// What the service runs on.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Health", rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct HealthView {
    /// Always `ok`; what is not is an error.
    pub status: String,
    /// The store and its version.
    pub store: String,
    /// The cache; `none` when none is set up.
    pub cache: String,
    /// The memory that the process holds, in bytes; left out where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// How long the process has run.
    pub uptime_seconds: u64,
    /// The version of the service.
    pub version: String,
}

/// Which build it is.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Version")]
pub struct VersionView {
    /// The version of the service.
    pub version: String,
    /// The commit that it was built from; `unknown` outside a release build.
    pub commit: String,
}

#[OpenApi(tag = "Tags::Service")]
impl Health {
    /// Tell everything about the service's health
    #[oai(path = "/health", method = "get", operation_id = "getHealth")]
    async fn health(&self, call: Call) -> Result<Found<HealthView>, Problem> {
        let store = self.ready_store().await?;
        let view = HealthView {
            status: "ok".to_owned(),
            store,
            cache: "none".to_owned(),
            memory_bytes: crate::telemetry::metrics::memory_bytes(),
            uptime_seconds: self.started.elapsed().as_secs(),
            version: version::VERSION.to_owned(),
        };
        Ok(Found::new(call.now, view))
    }

    /// Tell whether the process is alive
    ///
    /// Says nothing of the store: a process is not restarted because its database is away.
    #[oai(path = "/health/live", method = "get", operation_id = "getLiveness")]
    async fn live(&self, call: Call) -> Result<Found<Well>, Problem> {
        Ok(Found::new(call.now, Well { status: "ok".to_owned() }))
    }

    /// Tell whether the service takes requests
    ///
    /// It does when the store answers and its schema is as declared; the error says which part is not well.
    #[oai(path = "/health/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self, call: Call) -> Result<Found<Well>, Problem> {
        self.ready_store().await?;
        Ok(Found::new(call.now, Well { status: "ok".to_owned() }))
    }

    /// Tell which build this is
    #[oai(path = "/version", method = "get", operation_id = "getVersion")]
    async fn version(&self, call: Call) -> Result<Found<VersionView>, Problem> {
        let view = VersionView { version: version::VERSION.to_owned(), commit: version::COMMIT.to_owned() };
        Ok(Found::new(call.now, view))
    }
}

impl Health {
    async fn ready_store(&self) -> Result<String, Problem> {
        self.readiness.check()?;
        let health = self.store.health().await.map_err(|error| {
            let failed =
                Problem::field(ErrorCode::StoreUnavailable, "store", "does not answer: see the log for the cause");
            Problem { cause: Some(error.into()), ..failed }
        })?;
        if health.missing.is_empty() {
            return Ok(health.store);
        }
        let missing = format!("is not as declared; missing: {}", health.missing.join(", "));
        Err(Problem::field(ErrorCode::StoreUnavailable, "schema", missing))
    }
}
