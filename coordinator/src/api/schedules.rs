//! `/v1/schedules`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::extract::{self, Path};
use super::problem::{Problem, Problems};
use crate::coordinator::{Coordinator, ScheduleChange, ScheduleView, SkipTo};

/// All schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleList {
    /// By project and workflow.
    schedules: Vec<ScheduleView>,
}

/// Lists schedules.
#[utoipa::path(
    get,
    path = "/v1/schedules",
    operation_id = "listSchedules",
    tag = "schedules",
    responses((status = 200, description = "All of them", body = ScheduleList), Problems)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<ScheduleList>, Problem> {
    let mut schedules = coordinator.schedule_views().await?;
    schedules.retain(|view| caller.sees(view.project()));
    Ok(Json(ScheduleList { schedules }))
}

/// A schedule.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Which {
    /// The title.
    project: String,
    /// The workflow.
    workflow: String,
}

impl Which {
    async fn order(
        &self,
        coordinator: &Coordinator,
        caller: &Caller,
        change: ScheduleChange,
    ) -> Result<Json<ScheduleView>, Problem> {
        caller.operates(&self.project)?;
        Ok(Json(coordinator.order_schedule(&self.project, &self.workflow, change).await?))
    }
}

/// How a schedule goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnableRequest {
    /// Whether what was due meanwhile is left out; else the schedule's `catch_up` decides.
    #[serde(default)]
    skip_missed: bool,
}

/// Which sessions are left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipRequest {
    /// The first session that is not.
    to: Timestamp,
    /// When that one starts, if not at its own time.
    #[serde(default)]
    run_at: Option<Timestamp>,
}

/// Keeps a schedule from starting anything.
#[utoipa::path(
    post,
    path = "/v1/schedules/{project}/{workflow}/disable",
    operation_id = "disableSchedule",
    tag = "schedules",
    params(Which),
    responses((status = 200, description = "The schedule", body = ScheduleView), Problems)
)]
pub(super) async fn disable(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(which): Path<Which>,
) -> Result<Json<ScheduleView>, Problem> {
    which.order(&coordinator, &caller, ScheduleChange::Disable).await
}

/// Lets a schedule go on.
#[utoipa::path(
    post,
    path = "/v1/schedules/{project}/{workflow}/enable",
    operation_id = "enableSchedule",
    tag = "schedules",
    params(Which),
    request_body = EnableRequest,
    responses((status = 200, description = "The schedule", body = ScheduleView), Problems)
)]
pub(super) async fn enable(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(which): Path<Which>,
    extract::Json(request): extract::Json<EnableRequest>,
) -> Result<Json<ScheduleView>, Problem> {
    which
        .order(&coordinator, &caller, ScheduleChange::Enable { skip_missed: request.skip_missed })
        .await
}

/// Leaves out the sessions before one.
#[utoipa::path(
    post,
    path = "/v1/schedules/{project}/{workflow}/skip",
    operation_id = "skipSessions",
    tag = "schedules",
    params(Which),
    request_body = SkipRequest,
    responses((status = 200, description = "The schedule", body = ScheduleView), Problems)
)]
pub(super) async fn skip(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(which): Path<Which>,
    extract::Json(request): extract::Json<SkipRequest>,
) -> Result<Json<ScheduleView>, Problem> {
    which
        .order(
            &coordinator,
            &caller,
            ScheduleChange::Skip { to: SkipTo::Time(request.to), run_at: request.run_at },
        )
        .await
}
