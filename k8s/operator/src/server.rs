//! Health and metrics over HTTP.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// How long a connection may take to send a request's head, or be idle.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long is waited after a connection could not be taken, as when there are too many.
const PAUSE: Duration = Duration::from_millis(100);

/// What the process says of itself.
pub trait Vitals: Send + Sync + 'static {
    /// Whether it lives: whether it still gets round to everything.
    fn lives(&self) -> Result<(), String>;
    /// Whether it could do its work, or take it over.
    fn ready(&self) -> Result<(), String>;
    /// Its metrics as text.
    fn metrics(&self) -> Vec<u8>;
}

/// Answers until the future ends.
pub async fn serve(listener: TcpListener, vitals: Arc<impl Vitals>, until: impl Future<Output = ()>) {
    let mut until = std::pin::pin!(until);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut until => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let vitals = Arc::clone(&vitals);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(&*vitals, request.method(), request.uri().path());
            async { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
            // A client that hangs up is nobody's fault.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(vitals: &impl Vitals, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let state = |state: Result<(), String>| match state {
        Ok(()) => (StatusCode::OK, b"ok\n".to_vec()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n").into_bytes()),
    };
    let (status, body) = match (method, path) {
        (&Method::GET, "/health/live") => state(vitals.lives()),
        (&Method::GET, "/health/ready") => state(vitals.ready()),
        (&Method::GET, "/metrics") => (StatusCode::OK, vitals.metrics()),
        _ => (StatusCode::NOT_FOUND, b"there are /health/live, /health/ready and /metrics\n".to_vec()),
    };
    let answer = Response::builder().status(status).header(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    // The only part of it that is not fixed is the body, and any will do.
    answer.body(Full::from(body)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ill;

    impl Vitals for Ill {
        fn lives(&self) -> Result<(), String> {
            Ok(())
        }

        fn ready(&self) -> Result<(), String> {
            Err("no cluster".to_owned())
        }

        fn metrics(&self) -> Vec<u8> {
            b"a 1\n".to_vec()
        }
    }

    #[test]
    fn every_path_is_answered() {
        let status = |path: &str| answer(&Ill, &Method::GET, path).status().as_u16();
        assert_eq!(
            (status("/health/live"), status("/health/ready"), status("/metrics"), status("/")),
            (200, 503, 200, 404)
        );
        assert_eq!(answer(&Ill, &Method::POST, "/metrics").status(), StatusCode::NOT_FOUND);
    }
}
