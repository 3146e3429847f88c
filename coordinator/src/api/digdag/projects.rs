//! `/api/projects`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::super::projects::may_push;
use super::{ids, views};
use crate::coordinator::Coordinator;

/// Says in which GCP project a title's jobs run, at its first push: `digdag push -H Himekuri-Gcp-Project=my-project`.
const GCP_PROJECT: &str = "himekuri-gcp-project";

#[derive(Debug, Deserialize)]
pub(super) struct NameQuery {
    name: Option<String>,
}

pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<NameQuery>,
) -> Result<Json<Value>, Problem> {
    let projects = ids::projects(&coordinator, &caller).await?;
    let wanted =
        projects.iter().filter(|found| query.name.as_ref().is_none_or(|name| *name == found.name));
    Ok(Json(json!({"projects": wanted.map(views::project).collect::<Vec<_>>()})))
}

pub(super) async fn by_name(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<NameQuery>,
) -> Result<Json<Value>, Problem> {
    let name = query.name.unwrap_or_default();
    caller.looks_at(&name)?;
    Ok(Json(views::project(&coordinator.project(&name).await?)))
}

pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(views::project(&ids::project(&coordinator, &caller, id).await?)))
}

/// The one that was pushed last: earlier ones are known by their attempts only.
pub(super) async fn revisions(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    let revision = json!({
        "revision": project.revision,
        "createdAt": project.pushed_at,
        "archiveType": "db",
        "archiveMd5": null,
        "userInfo": {},
    });
    Ok(Json(json!({"revisions": [revision]})))
}

#[derive(Debug, Deserialize)]
pub(super) struct ArchiveQuery {
    revision: Option<String>,
}

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

#[derive(Debug, Deserialize)]
pub(super) struct PushQuery {
    project: String,
}

/// The revision that a client names is not used: it is the hash of the files.
pub(super) async fn push(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<PushQuery>,
    headers: HeaderMap,
    archive: Bytes,
) -> Result<Json<Value>, Problem> {
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
