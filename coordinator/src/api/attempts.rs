//! `/v1/attempts`.

use axum::Json;
use axum::extract::{Path, Query, State};
use himekuri_engine::TaskView;
use himekuri_protocol::AttemptId;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::coordinator::{Coordinator, KillRequest, Killed, RetryRequest, StartRequest, Started};
use crate::summary::AttemptSummary;

#[derive(Debug, Serialize)]
pub(super) struct StartedList {
    started: Vec<Started>,
}

#[derive(Debug, Serialize)]
pub(super) struct AttemptList {
    attempts: Vec<AttemptSummary>,
}

#[derive(Debug, Serialize)]
pub(super) struct TaskList {
    tasks: Vec<TaskView>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default = "default_limit")]
    limit: usize,
}

/// Attempts in one answer unless the client asks otherwise; digdag's page.
fn default_limit() -> usize {
    100
}

/// Most attempts in one answer.
const LIMIT_MAX: usize = 1_000;

/// `POST /v1/attempts`.
pub(super) async fn start(
    State(coordinator): State<Coordinator>,
    Json(request): Json<StartRequest>,
) -> Result<Json<StartedList>, Problem> {
    Ok(Json(StartedList { started: coordinator.start(&request).await? }))
}

/// `POST /v1/attempts/{id}/retry`.
pub(super) async fn retry(
    State(coordinator): State<Coordinator>,
    Path(id): Path<u64>,
    Json(request): Json<RetryRequest>,
) -> Result<Json<Started>, Problem> {
    Ok(Json(coordinator.retry(AttemptId(id), &request).await?))
}

/// `GET /v1/attempts?limit=N`, newest first.
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AttemptList>, Problem> {
    let attempts = coordinator.attempts(query.limit.min(LIMIT_MAX)).await?;
    Ok(Json(AttemptList { attempts }))
}

/// `GET /v1/attempts/{id}`.
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    Path(id): Path<u64>,
) -> Result<Json<AttemptSummary>, Problem> {
    Ok(Json(coordinator.attempt(AttemptId(id)).await?))
}

/// `GET /v1/attempts/{id}/tasks`.
pub(super) async fn tasks(
    State(coordinator): State<Coordinator>,
    Path(id): Path<u64>,
) -> Result<Json<TaskList>, Problem> {
    Ok(Json(TaskList { tasks: coordinator.tasks(AttemptId(id)).await? }))
}

/// `POST /v1/attempts/{id}/kill`.
pub(super) async fn kill(
    State(coordinator): State<Coordinator>,
    Path(id): Path<u64>,
    Json(request): Json<KillRequest>,
) -> Result<Json<Killed>, Problem> {
    Ok(Json(coordinator.kill(AttemptId(id), &request).await?))
}
