//! Connections: accepted up to a bound, each with time limits, and let go of gently at the end.

use std::{io, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::http::edge::Service;

/// How long to wait after the system could not accept, so that a lack of file handles does not become a busy loop.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);
/// The most streams that one HTTP/2 connection may have open at once.
const MAX_STREAMS: u32 = 256;

/// The bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most connections at once; more wait in the system's queue.
    pub max_connections: usize,
    /// How long a connection may be idle or take to send a request's head.
    pub header_read_timeout: Duration,
    /// How long requests in flight may take after the end has begun.
    pub shutdown_timeout: Duration,
}

/// Serves connections until `shutdown`, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, service: Service, bounds: Bounds, shutdown: CancellationToken) {
    let slots = Arc::new(Semaphore::new(bounds.max_connections));
    let graceful = GracefulShutdown::new();
    while let Some((stream, slot)) = next(&listener, &slots, &shutdown).await {
        // A small answer must not wait for the acknowledgement of the one before it.
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "a connection went away before it was served");
            continue;
        }
        // The builder waits for ever for the bytes that tell HTTP/1 from HTTP/2, so a first request has a time limit.
        let begun = Arc::new(Notify::new());
        let noticed = Arc::clone(&begun);
        let service = service.clone().map_request(move |request| {
            noticed.notify_one();
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = builder(bounds).serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            let silent = async {
                if tokio::time::timeout(bounds.header_read_timeout, begun.notified()).await.is_ok() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                ended = watched => if let Err(cause) = ended {
                    tracing::debug!(cause, "a connection ended early");
                },
                () = silent => tracing::debug!("a connection sent no request in time"),
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(after = ?bounds.shutdown_timeout, "requests were still in flight at the end");
    }
}

/// The next connection with its slot; none once the end has begun.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let accepted = async {
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, slot)),
                Err(cause) if is_of_one_connection(&cause) => {}
                Err(cause) => {
                    tracing::error!(%cause, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_BACK_OFF).await;
                }
            }
        }
    };
    tokio::select! {
        accepted = accepted => accepted,
        () = shutdown.cancelled() => None,
    }
}

/// Whether an error concerns only the connection that was being accepted.
fn is_of_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn builder(bounds: Bounds) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.header_read_timeout)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(Some(bounds.header_read_timeout))
        .keep_alive_timeout(bounds.header_read_timeout);
    builder
}
