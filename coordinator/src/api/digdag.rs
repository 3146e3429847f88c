//! `/api`: digdag's REST interface, as far as its command line and client library use it, over the same coordinator (digdag
//! `RestApi` resources, reference 6.2). What the pool does not have is left out or empty; `docs/compatibility.md` says where.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::coordinator::Coordinator;

mod answers;
mod attempts;
mod ids;
mod logs;
mod projects;
mod schedules;
mod times;
mod views;
mod workflows;

use answers::{Errors, RestError, RestVersion, RestVersionCheckResult};

/// What is told to clients that ask whether they fit: the newest release whose interface this is.
const VERSION: &str = "0.10.5";

/// Longest problem document that is read.
const PROBLEM_MAX: usize = 1 << 20;

/// The routes with short bodies.
pub(super) fn requests() -> OpenApiRouter<Coordinator> {
    OpenApiRouter::new()
        .routes(routes!(version))
        .routes(routes!(version_check))
        .routes(routes!(projects::by_name))
        .routes(routes!(projects::one))
        .routes(routes!(projects::revisions))
        .routes(routes!(projects::archive))
        .routes(routes!(workflows::of_project))
        .routes(routes!(workflows::named))
        .routes(routes!(schedules::of_project))
        .routes(routes!(attempts::sessions_of_project))
        .routes(routes!(workflows::by_name))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::one))
        .routes(routes!(workflows::session_time))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::one))
        .routes(routes!(schedules::skip))
        .routes(routes!(schedules::backfill))
        .routes(routes!(schedules::enable))
        .routes(routes!(schedules::disable))
        .routes(routes!(attempts::sessions))
        .routes(routes!(attempts::session))
        .routes(routes!(attempts::of_session))
        .routes(routes!(attempts::list, attempts::start))
        .routes(routes!(attempts::one))
        .routes(routes!(attempts::retries))
        .routes(routes!(attempts::tasks))
        .routes(routes!(attempts::kill))
        .routes(routes!(logs::files))
        .routes(routes!(logs::file))
}

/// The routes with archives.
pub(super) fn archives() -> OpenApiRouter<Coordinator> {
    OpenApiRouter::new().routes(routes!(projects::push, projects::list))
}

/// digdag's version.
#[utoipa::path(
    get,
    path = "/api/version",
    operation_id = "digdagVersion",
    tag = "digdag",
    responses((status = 200, description = "The release whose interface this is", body = RestVersion), Errors)
)]
async fn version() -> Json<RestVersion> {
    Json(RestVersion { version: VERSION })
}

/// Whether a client fits; every one does.
#[utoipa::path(
    get,
    path = "/api/version/check",
    operation_id = "digdagCheckVersion",
    tag = "digdag",
    params(("client" = Option<String>, Query, description = "The client's version")),
    responses((status = 200, description = "It fits", body = RestVersionCheckResult), Errors)
)]
async fn version_check() -> Json<RestVersionCheckResult> {
    Json(RestVersionCheckResult {
        server_version: VERSION,
        upgrade_recommended: false,
        api_compatible: true,
    })
}

/// digdag's errors are `{"message": ..., "status": ...}`, whoever finds them: a handler, or what stands before it.
pub(super) async fn in_digdags_words(request: Request, next: Next) -> Response {
    let is_digdags = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_digdags || kind.is_none_or(|kind| kind != "application/problem+json") {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let body = to_bytes(Body::new(body), PROBLEM_MAX).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut message = problem["detail"].as_str().unwrap_or_default().to_owned();
    for diagnostic in problem["diagnostics"].as_array().into_iter().flatten() {
        message = format!("{message}\n{}", diagnostic.as_str().unwrap_or_default());
    }
    let told = Json(RestError { message, status: head.status.as_u16() });
    // What says how to log in, or when to ask again, stays.
    head.headers.remove(header::CONTENT_TYPE);
    head.headers.remove(header::CONTENT_LENGTH);
    (head.status, head.headers, told).into_response()
}
