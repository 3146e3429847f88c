//! The HTTP API: `/v1` for programs and the command line, `/livez` and `/readyz` for
//! probes: the process answers, and somebody leads. Errors are problem documents (RFC 9457).

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

pub use front::Front;

use crate::coordinator::Coordinator;

mod attempts;
mod backfills;
mod bounds;
mod front;
mod problem;
mod projects;
mod schedules;

use bounds::{Bounds, within};

/// The routes of a coordinator that leads.
pub fn router(coordinator: Coordinator) -> Router {
    let archives = Router::new()
        .route("/v1/projects/{name}", put(projects::push).get(projects::one))
        .layer(from_fn_with_state(Bounds::archives(), within));
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
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
        .layer(from_fn_with_state(Bounds::requests(), within))
        .merge(archives)
        // `within` has read it already.
        .layer(DefaultBodyLimit::disable())
        .with_state(coordinator)
}
