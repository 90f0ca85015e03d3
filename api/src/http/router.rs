//! Which path leads where: the API with its documentation on the public port, health and metrics on the management port.

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use bytes::Bytes;
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
    Route::new()
        .at("/api", page(parts, "text/html; charset=utf-8", Documentation::html))
        .at("/api-json", page(parts, "application/json", Documentation::json))
        .at("/api-yaml", page(parts, "application/yaml", Documentation::yaml))
        .nest("/", public_service(parts))
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

type PublicService = OpenApiService<(Sessions, Events, Health), ()>;

fn public_service(parts: &Parts) -> PublicService {
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

/// The OpenAPI document in the forms that it is served in.
struct Documentation {
    service: PublicService,
}

impl Documentation {
    fn json(&self) -> String {
        serde_json::to_string_pretty(&document::of(&self.service)).unwrap_or_default()
    }

    fn yaml(&self) -> String {
        serde_yaml::to_string(&document::of(&self.service)).unwrap_or_default()
    }

    /// Swagger UI with the completed document in the place of the derived one.
    fn html(&self) -> String {
        self.service.swagger_ui_html().replace(&self.service.spec(), &self.json())
    }
}

/// A page that is written when it is first asked for: with the script of Swagger UI in it, it is a large part of the
/// memory that the service needs, and most processes are never asked.
fn page(parts: &Parts, content_type: &'static str, write: fn(&Documentation) -> String) -> impl Endpoint + use<> {
    let parts = parts.clone();
    let text = LazyLock::new(move || Bytes::from(write(&Documentation { service: public_service(&parts) })));
    get(make_sync(move |_| Response::builder().header(header::CONTENT_TYPE, content_type).body(text.clone())))
}
