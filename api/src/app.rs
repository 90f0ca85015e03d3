//! The life of the process: everything is put together here, serves, and is taken apart in the reverse order.

mod signals;
mod stores;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Instant};

use anyhow::Context;
use conversation_core::{Clock, Store, SystemClock};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    http::{
        dispatch::Dispatch,
        edge,
        health::Readiness,
        request::Limits,
        router::{self, Parts},
    },
    server::{self, Bounds},
    telemetry::{metrics::Metrics, store::TimedStore},
    version,
};

pub use signals::termination;
pub use stores::open as open_store;

/// Serves until `ended`, then drains and returns.
///
/// # Errors
/// One sentence when a port, the store or a setting makes serving impossible.
pub async fn run(config: Config, ended: impl Future<Output = ()>) -> anyhow::Result<()> {
    run_over(config, open_store, ended).await
}

/// [`run`] over the store that `open` yields, once the ports are bound; for tests that put something around it.
///
/// # Errors
/// As `run`.
pub async fn run_over(
    config: Config,
    open: impl AsyncFnOnce(&Config) -> anyhow::Result<Arc<dyn Store>>,
    ended: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let public = listen(&config, config.port, "PORT").await?;
    let management = listen(&config, config.management_port, "MANAGEMENT_PORT").await?;
    let (address, management_address) = (public.local_addr()?, management.local_addr()?);

    let metrics = Metrics::begin().context("metrics")?;
    let inner = open(&config).await?;
    let store: Arc<dyn Store> = Arc::new(TimedStore { inner, duration: metrics.store_operations() });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let readiness = Readiness::default();
    let limits = Arc::new(Limits {
        max_body_bytes: config.max_body_bytes,
        max_batch_body_bytes: config.max_batch_body_bytes,
        body_read_timeout: config.body_read_timeout,
        rules: config.rules.clone(),
    });
    let parts =
        Parts { store: Arc::clone(&store), clock: Arc::clone(&clock), limits, readiness: readiness.clone(), started };

    let (stop_public, stop_management) = (CancellationToken::new(), CancellationToken::new());
    let bounds = Bounds {
        max_connections: config.max_connections,
        header_read_timeout: config.header_read_timeout,
        shutdown_timeout: config.shutdown_timeout,
    };
    let serve = |listener, endpoint: Dispatch, stop: &CancellationToken| {
        let service = edge::service(endpoint, metrics.requests(), &config.cors_origins);
        tokio::spawn(server::serve(listener, service, bounds, stop.clone()))
    };
    let api = Dispatch::new(router::public(&parts), Arc::clone(&clock), config.request_timeout);
    let management_api = router::management(&parts, metrics.registry.clone());
    let management_api = Dispatch::new(management_api, Arc::clone(&clock), config.request_timeout);
    let serving = serve(public, api, &stop_public);
    let managing = serve(management, management_api, &stop_management);
    let sweeping = sweep(Arc::clone(&store), clock, config.sweep_interval, stop_public.clone());
    tracing::info!(
        address = %address,
        management_address = %management_address,
        store = ?store,
        version = version::VERSION,
        commit = version::COMMIT,
        started_in_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "listening"
    );

    ended.await;
    tracing::info!(drain_delay = ?config.drain_delay, "draining");
    readiness.drain();
    tokio::time::sleep(config.drain_delay).await;
    stop_public.cancel();
    serving.await.context("the API's listener")?;
    sweeping.await.context("the sweeper")?;
    store.close().await;
    stop_management.cancel();
    managing.await.context("the management listener")?;
    tracing::info!("ended");
    Ok(())
}

async fn listen(config: &Config, port: u16, setting: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(config.host, port);
    TcpListener::bind(address).await.map_err(|cause| {
        anyhow::anyhow!("cannot listen on {address}: {cause}; stop what is there, or set {setting} to another port")
    })
}

/// Cleans up after erasures every now and then.
fn sweep(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    every: std::time::Duration,
    stop: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            match store.sweep(clock.now()).await {
                Ok(swept) if swept == Default::default() => {}
                Ok(swept) => tracing::info!(stray_events = swept.stray_events, tombstones = swept.tombstones, "swept"),
                Err(cause) => tracing::warn!(%cause, "a sweep failed and will be tried again"),
            }
        }
    })
}
