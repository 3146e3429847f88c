//! The HTTP API: `/v1` for programs and the command line, `/livez` and `/readyz` for
//! probes: the process answers, and somebody leads. Errors are problem documents (RFC 9457).

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

pub use front::Front;

use crate::coordinator::Coordinator;

mod attempts;
mod backfills;
mod front;
mod problem;
mod projects;
mod schedules;

/// Largest archive that a push may send, in bytes; digdag's default is 2 MiB, which teams outgrow.
const ARCHIVE_MAX: usize = 64 << 20;

/// The routes of a coordinator that leads.
pub(crate) fn router(coordinator: Coordinator) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
        .route("/v1/projects/{name}", put(projects::push).get(projects::one))
        .route("/v1/revisions/{revision}", get(projects::archive))
        .route("/v1/attempts", post(attempts::start).get(attempts::list))
        .route("/v1/attempts/{id}", get(attempts::one))
        .route("/v1/attempts/{id}/tasks", get(attempts::tasks))
        .route("/v1/attempts/{id}/kill", post(attempts::kill))
        .route("/v1/attempts/{id}/retry", post(attempts::retry))
        .route("/v1/backfills", post(backfills::begin).get(backfills::list))
        .route("/v1/backfills/{id}/{action}", post(backfills::change))
        .route("/v1/schedules", get(schedules::list))
        .fallback(problem::not_found)
        .layer(DefaultBodyLimit::max(ARCHIVE_MAX))
        .with_state(coordinator)
}
