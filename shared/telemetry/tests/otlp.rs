//! Spans and metrics reach whoever was named, and wait for him at the end.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use himekuri_telemetry::export::{Settings, start};
use himekuri_telemetry::trace::{Span, TraceContext};
use himekuri_telemetry::{SpanId, SpanKind};

type Received = Arc<Mutex<Vec<(String, usize)>>>;

async fn receive(State(received): State<Received>, uri: Uri, body: Bytes) {
    received.lock().unwrap().push((uri.path().to_owned(), body.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_at_the_end() {
    let received = Received::default();
    let router = Router::new().fallback(receive).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Settings {
        service: "himekuri-test",
        version: "0.0.0",
        instance: "one".to_owned(),
        otlp: Some(endpoint),
        otlp_metrics: true,
    };
    let telemetry = start(settings, tokio::runtime::Handle::current()).unwrap();

    let span = Span {
        context: TraceContext::begin(1 << 70, 1.0).below("a"),
        parent: SpanId::INVALID,
        parent_is_remote: false,
        kind: SpanKind::Internal,
        name: "a".into(),
        begin: SystemTime::now(),
        end: SystemTime::now(),
        attributes: Vec::new(),
        error: None,
    };
    span.tell();
    tokio::task::spawn_blocking(move || telemetry.shut_down()).await.unwrap();

    let received = received.lock().unwrap().clone();
    let bytes =
        |path: &str| received.iter().find(|(found, _)| found == path).map(|(_, bytes)| *bytes);
    assert!(bytes("/v1/traces").is_some_and(|bytes| bytes > 0), "{received:?}");
    assert!(bytes("/v1/metrics").is_some_and(|bytes| bytes > 0), "{received:?}");
}
