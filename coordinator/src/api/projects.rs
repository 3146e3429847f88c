//! `/v1/projects` and `/v1/revisions`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::HeaderMapExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::etag;
use super::extract::{Path, Query};
use super::problem::{Problem, Problems};
use crate::coordinator::{Coordinator, ProjectRecord, StartError};

/// All projects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectList {
    /// By name.
    projects: Vec<ProjectRecord>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PushQuery {
    /// GCP project of the title's jobs; that of the push before when missing. Another one needs an admin.
    gcp_project: Option<String>,
}

/// Lists projects.
#[utoipa::path(
    get,
    path = "/v1/projects",
    operation_id = "listProjects",
    tag = "projects",
    responses((status = 200, description = "All of them", body = ProjectList), Problems)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<ProjectList>, Problem> {
    let mut projects = coordinator.projects().await?;
    projects.retain(|project| caller.sees(&project.name));
    Ok(Json(ProjectList { projects }))
}

/// Pushes the files of a project: a tar.gz archive. They are checked first.
#[utoipa::path(
    put,
    path = "/v1/projects/{name}",
    operation_id = "pushProject",
    tag = "projects",
    params(
        ("name" = String, Path, description = "The title"),
        PushQuery,
        ("himekuri-git" = Option<String>, Header, description = "JSON of the commit: `{\"commit\": ..., \"dirty\": false}`"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "What sessions start from now on", body = ProjectRecord), Problems)
)]
pub(super) async fn push(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<PushQuery>,
    headers: HeaderMap,
    archive: Bytes,
) -> Result<Json<ProjectRecord>, Problem> {
    may_push(&coordinator, &caller, &name, query.gcp_project.as_deref()).await?;
    let git = headers.get(GIT).map(|value| serde_json::from_slice(value.as_bytes())).transpose();
    let git = git.map_err(|error| {
        let detail = format!("the header `{GIT}` is not what Git says: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    let pushed = coordinator.push_commit(&name, &archive, query.gcp_project, git).await?;
    Ok(Json(pushed))
}

/// JSON of the commit that is pushed.
const GIT: &str = "himekuri-git";

/// What was pushed last of a project.
#[utoipa::path(
    get,
    path = "/v1/projects/{name}",
    operation_id = "getProject",
    tag = "projects",
    params(("name" = String, Path, description = "The title")),
    responses((status = 200, description = "The project", body = ProjectRecord), Problems)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ProjectRecord>, Problem> {
    caller.looks_at(&name)?;
    Ok(Json(coordinator.project(&name).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchiveQuery {
    /// The title whose revision it is; needed by callers who do not see all titles.
    project: Option<String>,
}

/// The files of a revision, as a tar.gz archive.
#[utoipa::path(
    get,
    path = "/v1/revisions/{revision}",
    operation_id = "getRevision",
    tag = "projects",
    params(("revision" = String, Path, description = "Hash of the files"), ArchiveQuery),
    responses(
        (status = 200, description = "The files", body = Vec<u8>, content_type = "application/gzip"),
        Problems
    )
)]
pub(super) async fn archive(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(revision): Path<String>,
    Query(query): Query<ArchiveQuery>,
) -> Result<Response, Problem> {
    match &query.project {
        // The hash is a secret of those who may see the title: of another's revision nobody has it.
        Some(project) => caller.looks_at(project)?,
        None => caller.looks_at_all()?,
    }
    let archive = coordinator.archive(&revision).await?;
    let mut answer = ([(header::CONTENT_TYPE, "application/gzip")], archive).into_response();
    // The hash of the files: they never change.
    if let Some(tag) = etag::tag(&revision) {
        answer.headers_mut().typed_insert(tag);
    }
    Ok(answer)
}

/// An operator may push; where the jobs run, an admin decides after the first push.
pub(super) async fn may_push(
    coordinator: &Coordinator,
    caller: &Caller,
    name: &str,
    gcp_project: Option<&str>,
) -> Result<(), Problem> {
    caller.operates(name)?;
    if let Some(given) = gcp_project
        && let Some(earlier) = pushed(coordinator, name).await?
        && earlier.gcp_project.as_deref() != Some(given)
    {
        caller.governs(name)?;
    }
    Ok(())
}

/// The project, if there was a push.
async fn pushed(
    coordinator: &Coordinator,
    name: &str,
) -> Result<Option<ProjectRecord>, StartError> {
    match coordinator.project(name).await {
        Err(StartError::UnknownProject(_)) => Ok(None),
        found => found.map(Some),
    }
}
