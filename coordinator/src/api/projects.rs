//! `/v1/projects` and `/v1/revisions`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
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

/// `GET /v1/projects/{name}`: what was pushed last.
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    Path(name): Path<String>,
) -> Result<Json<ProjectRecord>, Problem> {
    Ok(Json(coordinator.project(&name).await?))
}

/// `GET /v1/revisions/{revision}`: the files, as a tar.gz archive.
pub(super) async fn archive(
    State(coordinator): State<Coordinator>,
    Path(revision): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let archive = coordinator.archive(&revision).await?;
    Ok(([(header::CONTENT_TYPE, "application/gzip")], archive))
}
