//! `/v1/backfills`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::extract::{self, Path};
use super::problem::{Problem, Problems};
use crate::backfill::Backfill;
use crate::coordinator::{BackfillAction, BackfillPlan, BackfillRequest, Coordinator};

/// All backfills.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillList {
    /// Newest first.
    backfills: Vec<Backfill>,
}

/// Begins a backfill, or says what it would run.
#[utoipa::path(
    post,
    path = "/v1/backfills",
    operation_id = "beginBackfill",
    tag = "backfills",
    request_body = BackfillRequest,
    responses((status = 200, description = "The backfill and its sessions", body = BackfillPlan), Problems)
)]
pub(super) async fn begin(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    extract::Json(request): extract::Json<BackfillRequest>,
) -> Result<Json<BackfillPlan>, Problem> {
    match request.dry_run {
        true => caller.looks_at(&request.project)?,
        false => caller.operates(&request.project)?,
    }
    Ok(Json(coordinator.backfill(&request).await?))
}

/// Lists backfills.
#[utoipa::path(
    get,
    path = "/v1/backfills",
    operation_id = "listBackfills",
    tag = "backfills",
    responses((status = 200, description = "All of them", body = BackfillList), Problems)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<BackfillList>, Problem> {
    let mut backfills = coordinator.backfills().await?;
    backfills.retain(|backfill| caller.sees(&backfill.project));
    Ok(Json(BackfillList { backfills }))
}

/// Pauses, resumes or kills a backfill.
#[utoipa::path(
    post,
    path = "/v1/backfills/{id}/{action}",
    operation_id = "changeBackfill",
    tag = "backfills",
    params(
        ("id" = u64, Path, description = "The backfill"),
        ("action" = inline(BackfillAction), Path, description = "What becomes of it"),
    ),
    responses((status = 200, description = "The backfill", body = Backfill), Problems)
)]
pub(super) async fn change(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path((id, action)): Path<(u64, BackfillAction)>,
) -> Result<Json<Backfill>, Problem> {
    caller.operates(&coordinator.one_backfill(id).await?.project)?;
    Ok(Json(coordinator.change_backfill(id, action).await?))
}
