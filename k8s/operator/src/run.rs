//! The life of the process: it serves health and metrics, stands by until the Lease is its own, works as long as it is, and
//! gives it back at the end.

mod health;
mod work;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use kube::Client;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{client, config::Config, leader::Candidate, metrics::Metrics, server};
use health::Health;

/// Runs until the token is cancelled.
///
/// # Errors
/// When there is no cluster to be found, or the port cannot be had.
pub async fn run(config: Config, stop: CancellationToken) -> Result<()> {
    let metrics = Arc::new(Metrics::new().context("metrics")?);
    let cluster = kube::Config::infer().await.context("the way to the cluster")?;
    let own_namespace = cluster.default_namespace.clone();
    let client = client::client(cluster, Arc::clone(&metrics)).context("the client of the API server")?;
    let health = Arc::new(Health::new(Arc::clone(&metrics)));

    let listener = TcpListener::bind((config.host, config.port)).await.context("the port of health and metrics")?;
    let address = listener.local_addr().context("the port of health and metrics")?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "started");
    let ended = CancellationToken::new();
    let served = tokio::spawn(server::serve(listener, Arc::clone(&health), ended.clone().cancelled_owned()));

    let namespace = if config.lease_namespace.is_empty() { own_namespace } else { config.lease_namespace.clone() };
    let identity = identity(&config);
    let lease = config.lease_duration();
    let mut candidate = Candidate::new(client.clone(), &namespace, &config.lease_name, &identity, lease);
    let process = Process { config, client, metrics, health, identity, stop };
    process.stand_by(&mut candidate).await;

    if let Err(error) = tokio::time::timeout(lease, candidate.release()).await.unwrap_or(Ok(())) {
        tracing::warn!(%error, "the lease could not be given back; it expires by itself");
    }
    tracing::info!("ended");
    ended.cancel();
    served.await.context("the server of health and metrics")
}

struct Process {
    config: Config,
    client: Client,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    identity: String,
    stop: CancellationToken,
}

impl Process {
    async fn stand_by(&self, candidate: &mut Candidate) {
        tracing::info!(identity = self.identity, "standing by");
        while !self.stop.is_cancelled() {
            if self.attempt(candidate).await == Some(true) {
                self.lead(candidate).await;
            }
            tokio::select! {
                () = tokio::time::sleep(candidate.interval()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Whether the Lease is this operator's now; nothing if the API server does not tell in time.
    async fn attempt(&self, candidate: &mut Candidate) -> Option<bool> {
        let limit = candidate.interval();
        self.health.tick();
        match tokio::time::timeout(limit, candidate.attempt()).await {
            Ok(Ok(held)) => {
                self.health.answered();
                Some(held)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease could not be looked at");
                None
            }
            Err(_) => {
                tracing::warn!(seconds = limit.as_secs_f64(), "the API server did not answer in time");
                None
            }
        }
    }

    /// Works until the process is to end or the Lease is lost.
    async fn lead(&self, candidate: &mut Candidate) {
        tracing::info!(identity = self.identity, "leading");
        self.metrics.leads(true);
        let leading = CancellationToken::new();
        let mut work = tokio::spawn(work::work(
            self.client.clone(),
            self.config.clone(),
            Arc::clone(&self.metrics),
            Arc::clone(&self.health),
            self.identity.clone(),
            leading.clone(),
        ));
        let mut renewed = Instant::now();
        let patience = loop {
            tokio::select! {
                () = self.stop.cancelled() => {
                    leading.cancel();
                    break self.finish(candidate, &mut work).await;
                }
                _ = &mut work => break Duration::ZERO,
                () = tokio::time::sleep(candidate.interval()) => {}
            }
            match self.attempt(candidate).await {
                Some(true) => renewed = Instant::now(),
                Some(false) => break Duration::ZERO,
                None if renewed.elapsed() >= candidate.deadline() => break candidate.interval(),
                None => {}
            }
        };
        leading.cancel();
        if !work.is_finished() && tokio::time::timeout(patience, &mut work).await.is_err() {
            // Before somebody else may begin.
            work.abort();
        }
        self.metrics.leads(false);
        if !self.stop.is_cancelled() {
            tracing::warn!(identity = self.identity, "the lease is lost; standing by");
        }
    }

    /// Renews the Lease until what is in progress has ended, or for as long as that may take.
    async fn finish(&self, candidate: &mut Candidate, work: &mut JoinHandle<()>) -> Duration {
        let end = Instant::now() + self.config.shutdown_timeout();
        while !work.is_finished() && Instant::now() < end {
            tokio::select! {
                _ = &mut *work => break,
                () = tokio::time::sleep(candidate.interval()) => {}
                () = tokio::time::sleep_until(end) => {}
            }
            if self.attempt(candidate).await == Some(false) {
                break;
            }
        }
        Duration::ZERO
    }
}

/// What tells this operator from the others: also from one of the same name that ran before.
fn identity(config: &Config) -> String {
    let random: [u8; 4] = random();
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = if config.identity.is_empty() { "conversation-operator" } else { &config.identity };
    format!("{name}_{random}")
}

fn random() -> [u8; 4] {
    use std::hash::{BuildHasher, RandomState};
    // Seeded by the system for every process.
    let seed = RandomState::new().hash_one(std::process::id());
    let [a, b, c, d, ..] = seed.to_le_bytes();
    [a, b, c, d]
}
