//! `/v1/projects/{name}/pause` and `resume`: a title that sends nothing out for a while.

use axum::Json;
use axum::extract::State;

use super::caller::Caller;
use super::extract::{self, Path};
use super::problem::{Problem, Problems};
use crate::coordinator::{Coordinator, PauseRequest, ProjectRecord};

/// Keeps the tasks of a title from going out. Its schedules start sessions, and jobs that run go on to their end.
#[utoipa::path(
    post,
    path = "/v1/projects/{name}/pause",
    operation_id = "pauseProject",
    tag = "projects",
    params(("name" = String, Path, description = "The title")),
    request_body = PauseRequest,
    responses((status = 200, description = "The project", body = ProjectRecord), Problems)
)]
pub(super) async fn pause(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(name): Path<String>,
    extract::Json(request): extract::Json<PauseRequest>,
) -> Result<Json<ProjectRecord>, Problem> {
    caller.operates(&name)?;
    Ok(Json(coordinator.pause(&name, caller.name(), request).await?))
}

/// Lets a title go on.
#[utoipa::path(
    post,
    path = "/v1/projects/{name}/resume",
    operation_id = "resumeProject",
    tag = "projects",
    params(("name" = String, Path, description = "The title")),
    responses((status = 200, description = "The project", body = ProjectRecord), Problems)
)]
pub(super) async fn resume(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ProjectRecord>, Problem> {
    caller.operates(&name)?;
    Ok(Json(coordinator.resume(&name).await?))
}
