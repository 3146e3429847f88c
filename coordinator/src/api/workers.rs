//! `/v1/workers`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::{Problem, Problems};
use crate::coordinator::Coordinator;
use crate::workers::WorkerView;

/// All workers that live.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkerList {
    /// By name.
    workers: Vec<WorkerView>,
}

/// Lists the workers that said within the last minute that they live. They belong to all titles.
#[utoipa::path(
    get,
    path = "/v1/workers",
    operation_id = "listWorkers",
    tag = "workers",
    responses((status = 200, description = "All of them", body = WorkerList), Problems)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<WorkerList>, Problem> {
    caller.looks_at_all()?;
    Ok(Json(WorkerList { workers: coordinator.workers() }))
}
