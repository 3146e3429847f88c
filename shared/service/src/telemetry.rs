//! How a program is told to tell about itself.

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use himekuri_telemetry::export::{Settings, Telemetry, start};
use tokio::runtime::Handle;

/// Who gets metrics, beside those who ask for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsExporter {
    /// The receiver of traces.
    #[default]
    Otlp,
    /// Nobody.
    None,
}

/// Where metrics and traces go, beside `GET /metrics`.
#[derive(Clone, Debug, Args)]
pub struct TelemetryArguments {
    /// Where metrics and traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; nowhere when missing.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Whether metrics go by OTLP too: `none` is for a receiver that takes traces alone.
    #[arg(long, env = "OTEL_METRICS_EXPORTER", value_enum, default_value_t)]
    metrics_exporter: MetricsExporter,
}

impl TelemetryArguments {
    /// Starts telemetry; before anything is counted, and in a runtime.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn start(
        &self,
        service: &'static str,
        version: &'static str,
        instance: &str,
    ) -> anyhow::Result<Arc<Telemetry>> {
        let otlp = self.otlp_endpoint.clone().filter(|endpoint| !endpoint.is_empty());
        let otlp_metrics = self.metrics_exporter == MetricsExporter::Otlp;
        let instance = instance.to_owned();
        let settings = Settings { service, version, instance, otlp, otlp_metrics };
        let telemetry = start(settings, Handle::current()).context("could not start telemetry")?;
        Ok(Arc::new(telemetry))
    }
}

/// Sends what waits, when a program ends.
pub async fn shut_down(telemetry: Arc<Telemetry>) {
    let sent = tokio::task::spawn_blocking(move || telemetry.shut_down()).await;
    if sent.is_err() {
        tracing::debug!("the last metrics and spans were not sent");
    }
}
