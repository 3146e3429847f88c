//! A real collector of OpenTelemetry, and what it has received: it passes everything on to the test, which reads it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use prost::Message;

use crate::process::repository;
use crate::wait::until;

/// Longest wait for the collector to listen.
const START: Duration = Duration::from_secs(30);

/// A span, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// `himekuri-coordinator` or `himekuri-worker`.
    pub service: String,
    /// The process.
    pub instance: String,
    /// The trace, in hexadecimal digits.
    pub trace: String,
    /// Itself.
    pub id: String,
    /// Its parent; empty for the first of its trace.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// Whether it says that something went wrong.
    pub failed: bool,
    /// Attributes with their values as text.
    pub attributes: Vec<(String, String)>,
}

impl ReceivedSpan {
    /// An attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Spans = Arc<Mutex<Vec<ReceivedSpan>>>;

/// A running collector; ended when dropped.
#[derive(Debug)]
pub struct Collector {
    endpoint: String,
    spans: Spans,
    child: Child,
}

impl Collector {
    /// Brings the collector, if it is not there, and starts it.
    ///
    /// # Errors
    /// It cannot be had or does not start.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = tokio::task::spawn_blocking(program).await??;
        let spans = Spans::default();
        let router = Router::new()
            .route("/v1/traces", post(receive))
            .fallback(async || StatusCode::OK)
            .with_state(Arc::clone(&spans));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let behind = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let free = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
        let (http, grpc) = (free()?.to_string(), free()?.to_string());
        let log = std::fs::File::create(folder.join("collector.log"))?;
        let child = Command::new(program)
            .args(["start", "--otlp-http-endpoint", &http, "--otlp-grpc-endpoint", &grpc])
            .args(["--otlp-exporter-endpoint", &behind, "--otlp-exporter-protocol", "http"])
            .arg("--pid-file")
            .arg(folder.join("collector.pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("could not start the collector")?;
        let collector = Self { endpoint: format!("http://{http}"), spans, child };
        until("the collector listens", START, || async {
            Ok(tokio::net::TcpStream::connect(&http).await.ok())
        })
        .await?;
        Ok(collector)
    }

    /// For `--otlp-endpoint`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it has received so far.
    #[must_use]
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Gone already is fine.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn program() -> anyhow::Result<String> {
    let repository = repository();
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), Into::into);
    let output = Command::new(repository.join("scripts/fetch-collector.sh"))
        .arg(folder.join("collector"))
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("no collector: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn receive(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let mut plain = Vec::new();
    // Compressed, whatever it was told.
    let unpacked = GzDecoder::new(body.as_ref()).read_to_end(&mut plain);
    let body = if unpacked.is_ok() { plain.into() } else { body };
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default().attributes;
        let of = |name: &str| {
            let found = texts(&resource).into_iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value).unwrap_or_default()
        };
        let (service, instance) = (of("service.name"), of("service.instance.id"));
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(ReceivedSpan {
                service: service.clone(),
                instance: instance.clone(),
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                name: span.name,
                failed: span.status.is_some_and(|status| status.code == 2),
                attributes: texts(&span.attributes),
            });
        }
    }
    StatusCode::OK
}

fn texts(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        let text = match value {
            Some(any_value::Value::StringValue(text)) => text.clone(),
            Some(any_value::Value::BoolValue(value)) => value.to_string(),
            Some(any_value::Value::IntValue(value)) => value.to_string(),
            _ => String::new(),
        };
        (attribute.key.clone(), text)
    };
    attributes.iter().map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
