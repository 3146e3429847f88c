//! The HTTP API: `/v1` for programs and the command line, `/api` for digdag's clients, `/livez` and `/readyz` for probes: the
//! process answers, and somebody leads. Errors are problem documents (RFC 9457). `/openapi.json` describes it, made from the
//! handlers themselves.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use caller::Guard;
pub use front::Front;

use crate::coordinator::Coordinator;

mod attempts;
mod backfills;
mod bounds;
mod caller;
mod digdag;
mod etag;
mod extract;
mod front;
mod pauses;
mod problem;
mod projects;
mod schedules;
mod telemetry;
mod workers;

use bounds::{Bounds, within};

/// What the description says of the whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Himekuri",
        description = "Daily data marts of many titles on BigQuery: push, start, watch, retry.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    modifiers(&Tokens),
    security(("token" = [])),
    tags(
        (name = "projects", description = "What was pushed"),
        (name = "attempts", description = "Sessions that run, and have run"),
        (name = "backfills", description = "Ranges of sessions that run a few at a time"),
        (name = "schedules", description = "What starts by itself"),
        (name = "workers", description = "Who runs the tasks"),
        (name = "digdag", description = "The interface of digdag, for its clients"),
    )
)]
struct Description;

/// How callers say who they are.
struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of `himekuri token`, or an ID token of the issuer that the coordinator believes"))
            .build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The routes that callers must be known for, with their description.
fn described() -> (Router<Coordinator>, Router<Coordinator>, utoipa::openapi::OpenApi) {
    let archives = OpenApiRouter::new()
        .routes(routes!(projects::push, projects::one))
        .merge(digdag::archives());
    let requests = OpenApiRouter::new()
        .routes(routes!(projects::list))
        .routes(routes!(projects::archive))
        .routes(routes!(pauses::pause))
        .routes(routes!(pauses::resume))
        .routes(routes!(attempts::start, attempts::list))
        .routes(routes!(attempts::one))
        .routes(routes!(attempts::tasks))
        .routes(routes!(attempts::log))
        .routes(routes!(attempts::kill))
        .routes(routes!(attempts::retry))
        .routes(routes!(backfills::begin, backfills::list))
        .routes(routes!(backfills::change))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::disable))
        .routes(routes!(schedules::enable))
        .routes(routes!(schedules::skip))
        .routes(routes!(workers::list))
        .merge(digdag::requests());
    let (archives, of_archives) = archives.split_for_parts();
    let (requests, of_requests) = requests.split_for_parts();
    let mut description = Description::openapi();
    description.merge(of_archives);
    description.merge(of_requests);
    etag::describe(&mut description);
    (archives, requests, description)
}

/// The routes of a coordinator that leads, for those whom `guard` lets in.
pub fn router(coordinator: Coordinator, guard: Guard) -> Router {
    let (archives, requests, description) = described();
    let guarded = requests
        .layer(from_fn_with_state(Bounds::requests(), within))
        .merge(archives.layer(from_fn_with_state(Bounds::archives(), within)))
        // `within` has read it already.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(etag::tagged))
        // Outermost: whom nobody knows is turned away before anything is read.
        .route_layer(from_fn_with_state(guard, caller::identify))
        .route_layer(from_fn_with_state(coordinator.clone(), telemetry::measure));
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
        .route("/openapi.json", get(move || async move { axum::Json(description) }))
        .merge(guarded)
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::no_method)
        .layer(from_fn(digdag::in_digdags_words))
        .with_state(coordinator)
}
