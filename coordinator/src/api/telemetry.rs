//! What is told of requests: how long they take, and the first span of the attempts that they start.

use std::sync::LazyLock;
use std::time::SystemTime;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use himekuri_telemetry::export::traces;
use himekuri_telemetry::metrics::pool::API_DURATION;
use himekuri_telemetry::trace::{Span, TRACEPARENT, TraceContext};
use himekuri_telemetry::{Histogram, KeyValue, SpanKind, histogram};

use crate::coordinator::Coordinator;
use crate::trace;

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&API_DURATION));

/// Answers a request in a trace: the caller's, or a new one.
pub(super) async fn measure(
    State(coordinator): State<Coordinator>,
    request: Request,
    next: Next,
) -> Response {
    let began = SystemTime::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_default();
    let starts = traces() && method == Method::POST;
    let parent = starts.then(|| {
        of_caller(request.headers()).unwrap_or_else(|| trace::begin(coordinator.trace_ratio()))
    });
    let context = parent.map(|parent| parent.below(&uuid::Uuid::new_v4().to_string()));
    let response = trace::within(context, next.run(request)).await;
    let status = response.status();
    let ended = SystemTime::now();
    let labels = [
        KeyValue::new("http.request.method", method.to_string()),
        KeyValue::new("http.route", route.clone()),
        KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
    ];
    DURATION.record(ended.duration_since(began).unwrap_or_default().as_secs_f64(), &labels);
    if let (Some(parent), Some(context)) = (parent, context) {
        // Always: whether the attempt that it starts goes wrong, nobody knows yet.
        let span = Span {
            context,
            parent: parent.span,
            parent_is_remote: true,
            kind: SpanKind::Server,
            name: format!("{method} {route}").into(),
            begin: began,
            end: ended,
            attributes: labels.to_vec(),
            error: status.is_server_error().then(|| status.as_u16().to_string()),
        };
        span.tell();
    }
    response
}

fn of_caller(headers: &HeaderMap) -> Option<TraceContext> {
    headers.get(TRACEPARENT)?.to_str().ok()?.parse().ok()
}
