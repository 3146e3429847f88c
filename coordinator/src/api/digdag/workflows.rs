//! `/api/workflows`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use himekuri_schedule::Truncate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::answers::{
    Errors, RestWorkflowDefinition, RestWorkflowDefinitionCollection, RestWorkflowSessionTime,
};
use super::ids::{self, WorkflowName};
use super::times::{local, time_in};
use super::views;
use crate::coordinator::{Coordinator, ProjectRecord};

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
    project: String,
    /// The workflow.
    name: String,
}

/// Workflows of all projects.
#[utoipa::path(
    get,
    path = "/api/workflows",
    operation_id = "digdagListWorkflows",
    tag = "digdag",
    responses((status = 200, description = "Those that were pushed last", body = RestWorkflowDefinitionCollection), Errors)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<RestWorkflowDefinitionCollection>, Problem> {
    let mut workflows = Vec::new();
    for project in ids::projects(&coordinator, &caller).await? {
        workflows.extend(of(&coordinator, &project).await?);
    }
    Ok(Json(RestWorkflowDefinitionCollection { workflows }))
}

/// Workflows of a project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/workflows",
    operation_id = "digdagListProjectWorkflows",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project"), NameQuery),
    responses((status = 200, description = "All of them, or the one with the name", body = RestWorkflowDefinitionCollection), Errors)
)]
pub(super) async fn of_project(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<NameQuery>,
) -> Result<Json<RestWorkflowDefinitionCollection>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    let mut workflows = of(&coordinator, &project).await?;
    if let Some(name) = query.name {
        workflows.retain(|workflow| workflow.name == name);
    }
    Ok(Json(RestWorkflowDefinitionCollection { workflows }))
}

/// A workflow of a project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/workflows/{name}",
    operation_id = "digdagGetProjectWorkflow",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project"), ("name" = String, Path, description = "The workflow")),
    responses((status = 200, description = "The workflow", body = RestWorkflowDefinition), Errors)
)]
pub(super) async fn named(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path((id, name)): Path<(i64, String)>,
) -> Result<Json<RestWorkflowDefinition>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?;
    named_in(&coordinator, &project, &name).await
}

/// The workflow with a name.
#[utoipa::path(
    get,
    path = "/api/workflow",
    operation_id = "digdagGetWorkflowByName",
    tag = "digdag",
    params(NamedQuery),
    responses((status = 200, description = "The workflow", body = RestWorkflowDefinition), Errors)
)]
pub(super) async fn by_name(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(NamedQuery { project, name }): Query<NamedQuery>,
) -> Result<Json<RestWorkflowDefinition>, Problem> {
    caller.looks_at(&project)?;
    named_in(&coordinator, &coordinator.project(&project).await?, &name).await
}

/// A workflow of any revision that has run.
#[utoipa::path(
    get,
    path = "/api/workflows/{id}",
    operation_id = "digdagGetWorkflow",
    tag = "digdag",
    params(("id" = i64, Path, description = "The workflow")),
    responses((status = 200, description = "The workflow", body = RestWorkflowDefinition), Errors)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestWorkflowDefinition>, Problem> {
    let workflow = ids::workflow(&coordinator, &caller, id).await?;
    let facts = workflow.facts(&coordinator).await?;
    Ok(Json(views::workflow(&workflow, facts.zone_name())))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionTimeQuery {
    /// An instant, or a local time of the workflow.
    session_time: String,
    /// `hour`, `day`, `schedule` or `next_schedule`.
    mode: Option<String>,
}

/// What `digdag start --session daily` asks for.
#[utoipa::path(
    get,
    path = "/api/workflows/{id}/truncated_session_time",
    operation_id = "digdagTruncateSessionTime",
    tag = "digdag",
    params(("id" = i64, Path, description = "The workflow"), SessionTimeQuery),
    responses((status = 200, description = "The time of the session that is meant", body = RestWorkflowSessionTime), Errors)
)]
pub(super) async fn session_time(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<SessionTimeQuery>,
) -> Result<Json<RestWorkflowSessionTime>, Problem> {
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
    Ok(Json(RestWorkflowSessionTime {
        project: views::project_name(&workflow.project),
        revision: workflow.revision,
        session_time: local(truncated, &facts.zone),
        timezone: facts.zone_name().to_owned(),
    }))
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
) -> Result<Json<RestWorkflowDefinition>, Problem> {
    let workflows = of(coordinator, project).await?;
    let found = workflows.into_iter().find(|workflow| workflow.name == name);
    found.map(Json).ok_or_else(|| Problem::unknown("workflow", name))
}

async fn of(
    coordinator: &Coordinator,
    project: &ProjectRecord,
) -> Result<Vec<RestWorkflowDefinition>, Problem> {
    let facts = coordinator.all_workflow_facts(project).await?;
    let workflows = WorkflowName::all(project).zip(facts);
    Ok(workflows.map(|(name, facts)| views::workflow(&name, facts.zone_name())).collect())
}
