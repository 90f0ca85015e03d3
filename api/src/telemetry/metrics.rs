//! Metrics, by the OpenTelemetry API and as Prometheus text. Labels have few values: routes are templates, never paths.

use std::time::Duration;

use http::{Method, StatusCode};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder};

use crate::version;

/// Upper bounds of the duration histograms, in seconds: OpenTelemetry's advice for HTTP, with finer steps below 5 ms,
/// where most answers of this service lie.
const SECONDS: [f64; 17] =
    [0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

/// The source of the service's instruments, and where their values are gathered.
pub struct Metrics {
    /// Gathers the values.
    pub registry: Registry,
    meter: Meter,
    // The provider collects for as long as it lives.
    _provider: SdkMeterProvider,
}

impl Metrics {
    /// Sets up metrics with the gauges that every process has.
    ///
    /// # Errors
    /// When the exporter cannot be set up.
    pub fn begin() -> anyhow::Result<Self> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = provider.meter("conversation-api");
        let build = [KeyValue::new("version", version::VERSION), KeyValue::new("commit", version::COMMIT)];
        meter
            .u64_observable_gauge("conversation.build.info")
            .with_description("Always 1; the labels say which build it is.")
            .with_callback(move |gauge| gauge.observe(1, &build))
            .build();
        meter
            .u64_observable_gauge("process.memory.usage")
            .with_unit("By")
            .with_description("The memory that the process holds.")
            .with_callback(|gauge| memory_bytes().into_iter().for_each(|bytes| gauge.observe(bytes, &[])))
            .build();
        Ok(Self { registry, meter, _provider: provider })
    }

    /// The instruments of the edge.
    #[must_use]
    pub fn requests(&self) -> RequestMetrics {
        RequestMetrics { duration: self.seconds("http.server.request.duration", "The duration of HTTP requests.") }
    }

    /// The instruments of the store.
    #[must_use]
    pub fn store_operations(&self) -> Histogram<f64> {
        self.seconds("conversation.store.operation.duration", "The duration of operations on the store.")
    }

    fn seconds(&self, name: &'static str, description: &'static str) -> Histogram<f64> {
        let histogram = self.meter.f64_histogram(name).with_unit("s").with_description(description);
        histogram.with_boundaries(SECONDS.to_vec()).build()
    }
}

/// Counts and times requests.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    duration: Histogram<f64>,
}

impl RequestMetrics {
    /// Notes an answer. Names and labels are OpenTelemetry's semantic conventions for HTTP servers.
    pub fn record(&self, method: &Method, route: Option<&'static str>, status: StatusCode, elapsed: Duration) {
        // A client can invent methods, so only those of the service are told apart.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "_OTHER",
        };
        let labels = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.unwrap_or("unmatched")),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ];
        self.duration.record(elapsed.as_secs_f64(), &labels);
    }
}

/// All values as Prometheus text.
#[must_use]
pub fn text(registry: &Registry) -> Vec<u8> {
    let mut text = Vec::new();
    if let Err(cause) = TextEncoder::new().encode(&registry.gather(), &mut text) {
        tracing::error!(%cause, "metrics cannot be encoded");
    }
    text
}

/// The resident memory of this process; none where the system does not tell.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
