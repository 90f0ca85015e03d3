//! The outer side of the edge: what every answer has and every request leaves behind, whatever it was about.

use std::{convert::Infallible, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use poem::web::{LocalAddr, RemoteAddr};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_http::{
    compression::{CompressionLayer, predicate::SizeAbove},
    cors::{AllowHeaders, CorsLayer},
};
use tracing::Instrument;

use super::{
    dispatch::{Dispatch, Outcome},
    error_view::Asked,
    request::request_id,
};
use crate::telemetry::{logs::REQUESTS, metrics::RequestMetrics};

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, tower::BoxError>;
/// What answers the requests of a connection.
pub type Service = BoxCloneSyncService<Request<Incoming>, Response<Body>, Infallible>;

/// Bodies up to this size are sent as they are: compressing them costs more than it saves.
const COMPRESS_ABOVE_BYTES: u64 = 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the edge around `dispatch`, for browsers from `origins`.
#[must_use]
pub fn service(dispatch: Dispatch, metrics: RequestMetrics, origins: &[HeaderValue]) -> Service {
    let dispatch = Arc::new(dispatch);
    let answered = service_fn(move |request: Request<Incoming>| answer(Arc::clone(&dispatch), request));
    let compressed = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE_BYTES)).layer(answered);
    let shared = if origins.is_empty() {
        BoxCloneSyncService::new(compressed.map_response(boxed))
    } else {
        BoxCloneSyncService::new(cors(origins).layer(compressed).map_response(boxed))
    };
    let metrics = Arc::new(metrics);
    BoxCloneSyncService::new(service_fn(move |request| observed(shared.clone(), Arc::clone(&metrics), request)))
}

/// Gives a request its id, and its answer the headers that all have; logs and counts it.
async fn observed(
    inner: Service,
    metrics: Arc<RequestMetrics>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let behind_tls = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let docs = request.uri().path() == "/api" || request.uri().path().starts_with("/api/");
    let asked = Asked { method: method.clone(), path: request.uri().path().to_owned(), request_id: id.clone() };
    request.extensions_mut().insert(asked);
    let span = tracing::error_span!("request", request_id = id.to_str().unwrap_or_default());
    async move {
        let mut response = inner.oneshot(request).await?;
        let outcome = response.extensions_mut().remove::<Outcome>().unwrap_or_default();
        secure(response.headers_mut(), behind_tls, docs);
        weaken(response.headers_mut());
        response.headers_mut().insert(REQUEST_ID, id);
        let (elapsed, status) = (started.elapsed(), response.status());
        metrics.record(&method, outcome.route, status, elapsed);
        tracing::info!(
            target: REQUESTS,
            method = method.as_str(),
            route = outcome.route.unwrap_or("unmatched"),
            status = status.as_u16(),
            error_code = outcome.code.map(super::code::ErrorCode::name),
            duration_ms = elapsed.as_secs_f64() * 1000.0,
            tenant = super::request::DEFAULT_TENANT,
            "request"
        );
        Ok(response)
    }
    .instrument(span)
    .await
}

async fn answer(dispatch: Arc<Dispatch>, request: Request<Incoming>) -> Result<Response<poem_body::Body>, Infallible> {
    let asked = request.extensions().get::<Asked>().cloned();
    let asked = asked.unwrap_or_else(|| Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        request_id: request_id(request.headers()),
    });
    let addresses = (LocalAddr::default(), RemoteAddr::default(), http::uri::Scheme::HTTP);
    let request = poem::Request::from((request, addresses.0, addresses.1, addresses.2));
    Ok(dispatch.answer(request, &asked).await.into())
}

mod poem_body {
    //! The body type of poem's answers.
    pub(super) type Body = http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>;
}

fn boxed<B>(response: Response<B>) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let exposed = ["etag", "x-request-id", "idempotent-replayed", "x-should-retry", "retry-after"];
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_secs(600))
}

/// A compressed answer is not the same to the byte as the one that its strong validator was made for.
fn weaken(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG)
        && !tag.as_bytes().starts_with(b"W/")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(header::ETAG, weak);
    }
}

fn secure(headers: &mut HeaderMap, behind_tls: bool, docs: bool) {
    // The pages of the API's own documentation carry their script and style in line.
    let policy = if docs {
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if behind_tls {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_answer_has_a_weak_validator() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, HeaderValue::from_static("\"a\""));
        weaken(&mut headers);
        assert_eq!(headers[header::ETAG], "\"a\"");
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        for _ in 0..2 {
            weaken(&mut headers);
            assert_eq!(headers[header::ETAG], "W/\"a\"");
        }
    }
}
