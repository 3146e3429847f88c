//! `/api`: digdag's REST interface, as far as its command line and client library use it, over the same coordinator (digdag
//! `RestApi` resources, reference 6.2). What the pool does not have is left out or empty; `docs/compatibility.md` says where.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use crate::coordinator::Coordinator;

mod attempts;
mod ids;
mod logs;
mod projects;
mod schedules;
mod times;
mod views;
mod workflows;

/// What is told to clients that ask whether they fit: the newest release whose interface this is.
const VERSION: &str = "0.10.5";

/// Longest problem document that is read.
const PROBLEM_MAX: usize = 1 << 20;

/// The routes with short bodies.
pub(super) fn requests() -> Router<Coordinator> {
    Router::new()
        .route("/api/version", get(|| async { axum::Json(json!({"version": VERSION})) }))
        .route("/api/version/check", get(version_check))
        .route("/api/project", get(projects::by_name))
        .route("/api/projects/{id}", get(projects::one))
        .route("/api/projects/{id}/revisions", get(projects::revisions))
        .route("/api/projects/{id}/archive", get(projects::archive))
        .route("/api/projects/{id}/workflows", get(workflows::of_project))
        .route("/api/projects/{id}/workflows/{name}", get(workflows::named))
        .route("/api/projects/{id}/schedules", get(schedules::of_project))
        .route("/api/projects/{id}/sessions", get(attempts::sessions_of_project))
        .route("/api/workflow", get(workflows::by_name))
        .route("/api/workflows", get(workflows::list))
        .route("/api/workflows/{id}", get(workflows::one))
        .route("/api/workflows/{id}/truncated_session_time", get(workflows::session_time))
        .route("/api/schedules", get(schedules::list))
        .route("/api/schedules/{id}", get(schedules::one))
        .route("/api/schedules/{id}/skip", post(schedules::skip))
        .route("/api/schedules/{id}/backfill", post(schedules::backfill))
        .route("/api/schedules/{id}/enable", post(schedules::enable))
        .route("/api/schedules/{id}/disable", post(schedules::disable))
        .route("/api/sessions", get(attempts::sessions))
        .route("/api/sessions/{id}", get(attempts::session))
        .route("/api/sessions/{id}/attempts", get(attempts::of_session))
        .route("/api/attempts", get(attempts::list).put(attempts::start))
        .route("/api/attempts/{id}", get(attempts::one))
        .route("/api/attempts/{id}/retries", get(attempts::retries))
        .route("/api/attempts/{id}/tasks", get(attempts::tasks))
        .route("/api/attempts/{id}/kill", post(attempts::kill))
        .route("/api/logs/{id}/files", get(logs::files))
        .route("/api/logs/{id}/files/{name}", get(logs::file))
        .layer(axum::middleware::map_response(in_digdags_words))
}

/// The routes with archives.
pub(super) fn archives() -> Router<Coordinator> {
    Router::new()
        .route("/api/projects", put(projects::push).get(projects::list))
        .layer(axum::middleware::map_response(in_digdags_words))
}

async fn version_check() -> axum::Json<Value> {
    let answer =
        json!({"serverVersion": VERSION, "upgradeRecommended": false, "apiCompatible": true});
    axum::Json(answer)
}

/// digdag's errors are `{"message": ..., "status": ...}`.
async fn in_digdags_words(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "application/problem+json") {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(Body::new(body), PROBLEM_MAX).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut message = problem["detail"].as_str().unwrap_or_default().to_owned();
    for diagnostic in problem["diagnostics"].as_array().into_iter().flatten() {
        message = format!("{message}\n{}", diagnostic.as_str().unwrap_or_default());
    }
    let told = json!({"message": message, "status": head.status.as_u16()});
    (head.status, axum::Json(told)).into_response()
}
