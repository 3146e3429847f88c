//! `/api/workflows`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use himekuri_schedule::Truncate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::ids::{self, WorkflowName};
use super::times::{local, time_in};
use super::views;
use crate::coordinator::{Coordinator, ProjectRecord};

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowQuery {
    project: Option<String>,
    name: Option<String>,
}

pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let mut workflows = Vec::new();
    for project in ids::projects(&coordinator, &caller).await? {
        workflows.extend(of(&coordinator, &project).await?);
    }
    Ok(Json(json!({ "workflows": workflows })))
}

pub(super) async fn of_project(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<WorkflowQuery>,
) -> Result<Json<Value>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    let mut workflows = of(&coordinator, &project).await?;
    if let Some(name) = query.name {
        workflows.retain(|workflow| workflow["name"] == name.as_str());
    }
    Ok(Json(json!({ "workflows": workflows })))
}

pub(super) async fn named(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path((id, name)): Path<(i64, String)>,
) -> Result<Json<Value>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    named_in(&coordinator, &project, &name).await
}

pub(super) async fn by_name(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<WorkflowQuery>,
) -> Result<Json<Value>, Problem> {
    let (project, name) = (query.project.unwrap_or_default(), query.name.unwrap_or_default());
    caller.looks_at(&project)?;
    named_in(&coordinator, &coordinator.project(&project).await?, &name).await
}

pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let workflow = ids::workflow(&coordinator, &caller, id).await?;
    let facts = workflow.facts(&coordinator).await?;
    Ok(Json(views::workflow(&workflow, facts.zone_name())))
}

#[derive(Debug, Deserialize)]
pub(super) struct SessionTimeQuery {
    session_time: String,
    mode: Option<String>,
}

/// What `digdag start --session daily` asks for.
pub(super) async fn session_time(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<SessionTimeQuery>,
) -> Result<Json<Value>, Problem> {
    let workflow = ids::workflow(&coordinator, &caller, id).await?;
    let facts = workflow.facts(&coordinator).await?;
    let at = time_in(&query.session_time, &facts.zone)?;
    let truncated = match query.mode.as_deref().map(mode).transpose()? {
        None => at,
        Some(mode) => {
            let session = mode.session_time(&facts.zone, facts.schedule.as_ref(), at);
            session.map_err(|error| invalid(error.to_string()))?.ok_or_else(|| {
                invalid(format!("workflow `{}` has no schedule", workflow.workflow))
            })?
        }
    };
    Ok(Json(json!({
        "project": views::project_name(&workflow.project),
        "revision": workflow.revision,
        "sessionTime": local(truncated, &facts.zone),
        "timezone": facts.zone_name(),
    })))
}

/// digdag `SessionTimeTruncate`.
fn mode(text: &str) -> Result<Truncate, Problem> {
    match text {
        "hour" => Ok(Truncate::Hour),
        "day" => Ok(Truncate::Day),
        "schedule" => Ok(Truncate::Schedule),
        "next_schedule" => Ok(Truncate::NextSchedule),
        _ => Err(invalid(format!(
            "`mode` is `{text}`; write `hour`, `day`, `schedule` or `next_schedule`"
        ))),
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

async fn named_in(
    coordinator: &Coordinator,
    project: &ProjectRecord,
    name: &str,
) -> Result<Json<Value>, Problem> {
    let workflows = of(coordinator, project).await?;
    let found = workflows.into_iter().find(|workflow| workflow["name"] == name);
    found.map(Json).ok_or_else(|| Problem::unknown("workflow", name))
}

async fn of(coordinator: &Coordinator, project: &ProjectRecord) -> Result<Vec<Value>, Problem> {
    let facts = coordinator.all_workflow_facts(project).await?;
    let workflows = WorkflowName::all(project).zip(facts);
    Ok(workflows.map(|(name, facts)| views::workflow(&name, facts.zone_name())).collect())
}
