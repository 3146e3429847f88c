//! Starts telemetry in a program: metrics for Prometheus to fetch, and metrics and spans by OTLP if it is told where to.

use std::sync::OnceLock;
use std::time::SystemTime;

use opentelemetry::metrics::ObservableGauge;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanProcessor};
use prometheus::{Registry, TextEncoder};
use tokio::runtime::Handle;

use crate::gauges;
use crate::metrics::pool::PROCESS_START;
use crate::otlp::OtlpClient;

/// Spans that wait to be sent: an attempt of a thousand tasks is told at once, when it has ended.
const SPANS_WAITING: usize = 50_000;

/// Who takes spans, once a receiver was named.
static SPANS: OnceLock<BatchSpanProcessor> = OnceLock::new();

/// Which program this is, and whom it tells.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `himekuri-coordinator` or `himekuri-worker`.
    pub service: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Name of the process.
    pub instance: String,
    /// Where OTLP goes over HTTP, such as `http://127.0.0.1:4318`.
    pub otlp: Option<String>,
    /// Whether metrics go there too.
    pub otlp_metrics: bool,
}

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The exporter for Prometheus.
    #[error("could not set up metrics for Prometheus")]
    Prometheus(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// The address.
    #[error("could not set up OTLP to `{endpoint}`; write it as `http://HOST:4318`")]
    Otlp {
        /// As given.
        endpoint: String,
        /// Why.
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The HTTP client.
    #[error("could not make an HTTP client")]
    Http(#[from] reqwest::Error),
}

/// Running telemetry. Ends what waits with [`Telemetry::shut_down`].
pub struct Telemetry {
    registry: Registry,
    provider: SdkMeterProvider,
    /// Kept: an instrument that is dropped is not asked any more.
    _gauges: Vec<ObservableGauge<f64>>,
}

/// Starts telemetry, once for a process and before anything is counted.
///
/// # Errors
/// The address of OTLP cannot be used.
pub fn start(settings: Settings, runtime: Handle) -> Result<Telemetry, ExportError> {
    let resource = Resource::builder()
        .with_service_name(settings.service)
        .with_attribute(KeyValue::new("service.namespace", "himekuri"))
        .with_attribute(KeyValue::new("service.version", settings.version))
        .with_attribute(KeyValue::new("service.instance.id", settings.instance))
        .build();
    let registry = Registry::new();
    let prometheus = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    let mut provider =
        SdkMeterProvider::builder().with_reader(prometheus).with_resource(resource.clone());
    if let Some(endpoint) = settings.otlp {
        let client = OtlpClient::new(runtime)?;
        let base = endpoint.trim_end_matches('/').to_owned();
        let bad = |source| ExportError::Otlp { endpoint: endpoint.clone(), source };
        if settings.otlp_metrics {
            let metrics = MetricExporter::builder()
                .with_http()
                .with_http_client(client.clone())
                .with_endpoint(format!("{base}/v1/metrics"))
                .build()
                .map_err(bad)?;
            provider = provider.with_reader(PeriodicReader::builder(metrics).build());
        }
        let spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{base}/v1/traces"))
            .build()
            .map_err(bad)?;
        // Before there is a provider: what the processor tells of itself is not in the contract.
        let config = BatchConfigBuilder::default().with_max_queue_size(SPANS_WAITING).build();
        let mut processor = BatchSpanProcessor::builder(spans).with_batch_config(config).build();
        processor.set_resource(&resource);
        // A second start in one process keeps the first receiver.
        let _kept = SPANS.set(processor);
    }
    let provider = provider.build();
    global::set_meter_provider(provider.clone());
    let gauges = gauges::observe();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    gauges::set(&PROCESS_START, since.as_secs_f64());
    Ok(Telemetry { registry, provider, _gauges: gauges })
}

/// Who takes spans.
pub(crate) fn spans() -> Option<impl Fn(SpanData)> {
    SPANS.get().map(|processor| |span| processor.on_end(span))
}

/// Whether anybody takes spans.
#[must_use]
pub fn traces() -> bool {
    SPANS.get().is_some()
}

impl Telemetry {
    /// Everything in Prometheus's text format.
    ///
    /// # Errors
    /// A sentence for the log.
    pub fn prometheus_text(&self) -> Result<String, String> {
        let families = self.registry.gather();
        TextEncoder::new()
            .encode_to_string(&families)
            .map_err(|error| format!("could not write the metrics: {error}"))
    }

    /// Sends what waits. Blocks for some seconds at most: not for a thread that others need.
    pub fn shut_down(&self) {
        if let Some(processor) = SPANS.get()
            && let Err(error) = processor.shutdown()
        {
            tracing::debug!("the last spans could not be sent: {error}");
        }
        if let Err(error) = self.provider.shutdown() {
            tracing::debug!("the last metrics could not be sent: {error}");
        }
    }
}
