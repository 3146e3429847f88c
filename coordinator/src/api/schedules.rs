//! `/v1/schedules`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::problem::Problem;
use crate::coordinator::{Coordinator, ScheduleView};

#[derive(Debug, Serialize)]
pub(super) struct ScheduleList {
    schedules: Vec<ScheduleView>,
}

/// `GET /v1/schedules`.
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
) -> Result<Json<ScheduleList>, Problem> {
    Ok(Json(ScheduleList { schedules: coordinator.schedule_views().await? }))
}
