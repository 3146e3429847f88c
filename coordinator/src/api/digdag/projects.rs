//! `/api/projects`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use himekuri_engine::Config;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::super::projects::may_push;
use super::answers::{
    Errors, RestProject, RestProjectCollection, RestRevision, RestRevisionCollection,
};
use super::{ids, views};
use crate::coordinator::Coordinator;

/// Says in which GCP project a title's jobs run, at its first push: `digdag push -H Himekuri-Gcp-Project=my-project`.
const GCP_PROJECT: &str = "himekuri-gcp-project";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NameQuery {
    /// Only the one with this name.
    name: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NamedQuery {
    /// The title.
    name: String,
}

/// Projects.
#[utoipa::path(
    get,
    path = "/api/projects",
    operation_id = "digdagListProjects",
    tag = "digdag",
    params(NameQuery),
    responses((status = 200, description = "All of them, or the one with the name", body = RestProjectCollection), Errors)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<NameQuery>,
) -> Result<Json<RestProjectCollection>, Problem> {
    let projects = ids::projects(&coordinator, &caller).await?;
    let wanted =
        projects.iter().filter(|found| query.name.as_ref().is_none_or(|name| *name == found.name));
    Ok(Json(RestProjectCollection { projects: wanted.map(views::project).collect() }))
}

/// The project with a name.
#[utoipa::path(
    get,
    path = "/api/project",
    operation_id = "digdagGetProjectByName",
    tag = "digdag",
    params(NamedQuery),
    responses((status = 200, description = "The project", body = RestProject), Errors)
)]
pub(super) async fn by_name(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(NamedQuery { name }): Query<NamedQuery>,
) -> Result<Json<RestProject>, Problem> {
    caller.looks_at(&name)?;
    Ok(Json(views::project(&coordinator.project(&name).await?)))
}

/// A project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}",
    operation_id = "digdagGetProject",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project")),
    responses((status = 200, description = "The project", body = RestProject), Errors)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestProject>, Problem> {
    Ok(Json(views::project(&ids::project(&coordinator, &caller, id).await?)))
}

/// The one that was pushed last: earlier ones are known by their attempts only.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/revisions",
    operation_id = "digdagListRevisions",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project")),
    responses((status = 200, description = "The one that was pushed last", body = RestRevisionCollection), Errors)
)]
pub(super) async fn revisions(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestRevisionCollection>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    let revision = RestRevision {
        revision: project.revision,
        created_at: project.pushed_at,
        archive_type: views::ARCHIVE_TYPE,
        archive_md5: None,
        user_info: Config::new(),
    };
    Ok(Json(RestRevisionCollection { revisions: vec![revision] }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ArchiveQuery {
    /// Hash of the files; the one that was pushed last when missing.
    revision: Option<String>,
}

/// The files of a project, as a tar.gz archive.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/archive",
    operation_id = "digdagGetArchive",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project"), ArchiveQuery),
    responses((status = 200, description = "The files", body = Vec<u8>, content_type = "application/gzip"), Errors)
)]
pub(super) async fn archive(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<ArchiveQuery>,
) -> Result<impl IntoResponse, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    let archive = coordinator.archive(&query.revision.unwrap_or(project.revision)).await?;
    Ok(([(header::CONTENT_TYPE, "application/gzip")], archive))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PushQuery {
    /// The title.
    project: String,
}

/// Pushes a project. The revision that a client names is not used: it is the hash of the files.
#[utoipa::path(
    put,
    path = "/api/projects",
    operation_id = "digdagPushProject",
    tag = "digdag",
    params(PushQuery,
        ("revision" = Option<String>, Query, description = "Not used"),
        ("himekuri-gcp-project" = Option<String>, Header, description = "GCP project of the title's jobs; that of the push before when missing"),
    ),
    request_body(content((Vec<u8> = "application/gzip"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "What sessions start from now on", body = RestProject), Errors)
)]
pub(super) async fn push(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<PushQuery>,
    headers: HeaderMap,
    archive: Bytes,
) -> Result<Json<RestProject>, Problem> {
    let gcp_project = match headers.get(GCP_PROJECT).map(|value| value.to_str()) {
        None => None,
        Some(Ok(name)) => Some(name.to_owned()),
        Some(Err(_)) => {
            let detail = format!("the header `{GCP_PROJECT}` is no name of a GCP project");
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
    };
    may_push(&coordinator, &caller, &query.project, gcp_project.as_deref()).await?;
    let record = coordinator.push(&query.project, &archive, gcp_project).await?;
    Ok(Json(views::project(&record)))
}
