//! Which path leads where: the API with its documentation on the public port, health and metrics on the management port.

use std::{sync::Arc, time::Instant};

use conversation_core::{Clock, Store};
use poem::{Endpoint, EndpointExt, Response, Route, endpoint::make_sync, get, http::header};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService};
use prometheus::Registry;

use super::{
    document,
    events::Events,
    health::{Health, Readiness},
    request::Limits,
    sessions::Sessions,
};
use crate::{telemetry::metrics, version};

/// What the handlers work with.
#[derive(Clone)]
pub struct Parts {
    /// Where the data is kept.
    pub store: Arc<dyn Store>,
    /// Where the present comes from.
    pub clock: Arc<dyn Clock>,
    /// The bounds of a request's form.
    pub limits: Arc<Limits>,
    /// Whether the service takes new work.
    pub readiness: Readiness,
    /// When the service started.
    pub started: Instant,
}

/// The public port.
pub fn public(parts: &Parts) -> impl Endpoint<Output = Response> + use<> {
    let service = public_service(parts);
    let document = document::of(&service);
    let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
    let page = service.swagger_ui_html().replace(&service.spec(), &pretty);
    let yaml = serde_yaml::to_string(&document).unwrap_or_default();
    Route::new()
        .at("/api", text("text/html; charset=utf-8", page))
        .at("/api-json", text("application/json", pretty))
        .at("/api-yaml", text("application/yaml", yaml))
        .nest("/", service)
        .data(Arc::clone(&parts.limits))
        .data(Arc::clone(&parts.clock))
        .map_to_response()
}

/// The management port.
pub fn management(parts: &Parts, registry: Registry) -> impl Endpoint<Output = Response> + use<> {
    let metrics = make_sync(move |_| {
        let answer = Response::builder().header(header::CONTENT_TYPE, prometheus::TEXT_FORMAT);
        answer.body(metrics::text(&registry))
    });
    Route::new()
        .at("/metrics", get(metrics))
        .nest("/", described(health(parts)))
        .data(Arc::clone(&parts.limits))
        .data(Arc::clone(&parts.clock))
        .map_to_response()
}

/// The OpenAPI document of the public port.
#[must_use]
pub fn public_document(parts: &Parts) -> serde_json::Value {
    document::of(&public_service(parts))
}

fn public_service(parts: &Parts) -> OpenApiService<(Sessions, Events, Health), ()> {
    let (sessions, events) = (Arc::clone(&parts.store), Arc::clone(&parts.store));
    described((Sessions { store: sessions }, Events { store: events }, health(parts)))
}

fn health(parts: &Parts) -> Health {
    Health { store: Arc::clone(&parts.store), readiness: parts.readiness.clone(), started: parts.started }
}

fn described<T: OpenApi>(api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, "Conversation service", version::VERSION)
        .description(
            "Takes the sessions and events of voice conversations, exactly once whatever the client retries. Every answer \
             is an envelope; every error has one shape and a code of a closed set.",
        )
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0"))
        .server("/")
}

fn text(content_type: &'static str, body: String) -> impl Endpoint {
    get(make_sync(move |_| Response::builder().header(header::CONTENT_TYPE, content_type).body(body.clone())))
}
