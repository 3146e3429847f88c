//! `/v1/backfills`.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::problem::Problem;
use crate::backfill::Backfill;
use crate::coordinator::{BackfillAction, BackfillPlan, BackfillRequest, Coordinator};

#[derive(Debug, Serialize)]
pub(super) struct BackfillList {
    backfills: Vec<Backfill>,
}

/// `POST /v1/backfills`.
pub(super) async fn begin(
    State(coordinator): State<Coordinator>,
    Json(request): Json<BackfillRequest>,
) -> Result<Json<BackfillPlan>, Problem> {
    Ok(Json(coordinator.backfill(&request).await?))
}

/// `GET /v1/backfills`, newest first.
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
) -> Result<Json<BackfillList>, Problem> {
    Ok(Json(BackfillList { backfills: coordinator.backfills().await? }))
}

/// `POST /v1/backfills/{id}/pause`, `resume` and `kill`.
pub(super) async fn change(
    State(coordinator): State<Coordinator>,
    Path((id, action)): Path<(u64, BackfillAction)>,
) -> Result<Json<Backfill>, Problem> {
    Ok(Json(coordinator.change_backfill(id, action).await?))
}
