//! `/v1/projects`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::problem::Problem;
use crate::coordinator::{Coordinator, ProjectRecord};

#[derive(Debug, Deserialize)]
pub(super) struct PushQuery {
    gcp_project: Option<String>,
}

/// `PUT /v1/projects/{name}?gcp_project=ID` with a tar.gz archive.
pub(super) async fn push(
    State(coordinator): State<Coordinator>,
    Path(name): Path<String>,
    Query(query): Query<PushQuery>,
    archive: Bytes,
) -> Result<Json<ProjectRecord>, Problem> {
    Ok(Json(coordinator.push(&name, &archive, query.gcp_project).await?))
}
