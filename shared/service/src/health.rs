//! What probes and Prometheus ask.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use himekuri_telemetry::export::Telemetry;

/// The version of Prometheus's text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`. It names titles and marts, and needs no token: who may reach it, the network says.
pub fn metrics(telemetry: Arc<Telemetry>) -> Router {
    let answer = move || {
        let text = telemetry.prometheus_text();
        async move { answer(text) }
    };
    Router::new().route("/metrics", get(answer))
}

/// The same with `/livez`, which says that the process answers, and `/readyz`: whether it can work.
pub fn health(
    telemetry: Arc<Telemetry>,
    is_ready: impl Fn() -> bool + Clone + Send + Sync + 'static,
) -> Router {
    let ready = move || {
        let is_ready = is_ready();
        async move {
            match is_ready {
                true => (StatusCode::OK, "ok"),
                false => (StatusCode::SERVICE_UNAVAILABLE, "not connected"),
            }
        }
    };
    metrics(telemetry).route("/livez", get(|| async { "ok" })).route("/readyz", get(ready))
}

fn answer(text: Result<String, String>) -> Response {
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, PROMETHEUS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}
