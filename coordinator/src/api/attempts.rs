//! `/v1/attempts`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use himekuri_engine::TaskView;
use himekuri_protocol::AttemptId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::extract::{self, Path, Query};
use super::problem::{Problem, Problems};
use crate::coordinator::{
    AttemptQuery, Coordinator, KillRequest, Killed, RetryRequest, StartRequest, Started,
};
use crate::log::LogLine;
use crate::summary::{AttemptState, AttemptSummary};

/// What was started.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedList {
    /// Each session.
    started: Vec<Started>,
}

/// A page of attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttemptList {
    /// Newest first.
    attempts: Vec<AttemptSummary>,
    /// `before` of the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AttemptId>,
}

/// The tasks of an attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskList {
    /// In order of their creation.
    tasks: Vec<TaskView>,
}

/// Which attempts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Most attempts of the page.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 1000, default = 100)]
    limit: u16,
    /// Only those that are older than this one: `next` of the page before.
    before: Option<u64>,
    /// Only those of a project.
    project: Option<String>,
    /// Only those of a workflow.
    workflow: Option<String>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<AttemptState>,
}

/// Attempts in one answer unless the client asks otherwise; digdag's page.
fn default_limit() -> u16 {
    100
}

/// Most attempts in one answer.
const LIMIT_MAX: u16 = 1_000;

/// Starts the sessions of a workflow on some dates.
#[utoipa::path(
    post,
    path = "/v1/attempts",
    operation_id = "startAttempts",
    tag = "attempts",
    request_body = StartRequest,
    responses((status = 200, description = "Each session's attempt, new or not", body = StartedList), Problems)
)]
pub(super) async fn start(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    extract::Json(request): extract::Json<StartRequest>,
) -> Result<Json<StartedList>, Problem> {
    caller.operates(&request.project)?;
    Ok(Json(StartedList { started: coordinator.start(&request).await? }))
}

/// Runs the session of an ended attempt again.
#[utoipa::path(
    post,
    path = "/v1/attempts/{id}/retry",
    operation_id = "retryAttempt",
    tag = "attempts",
    params(("id" = u64, Path, description = "The earlier attempt")),
    request_body = RetryRequest,
    responses((status = 200, description = "The new attempt", body = Started), Problems)
)]
pub(super) async fn retry(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
    extract::Json(request): extract::Json<RetryRequest>,
) -> Result<Json<Started>, Problem> {
    let attempt = AttemptId(id);
    caller.operates(&coordinator.attempt(attempt).await?.project)?;
    Ok(Json(coordinator.retry(attempt, &request).await?))
}

/// Lists attempts, newest first.
#[utoipa::path(
    get,
    path = "/v1/attempts",
    operation_id = "listAttempts",
    tag = "attempts",
    params(ListQuery),
    responses((status = 200, description = "A page", body = AttemptList), Problems)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<AttemptList>, Problem> {
    if let Some(project) = &query.project {
        caller.looks_at(project)?;
    }
    if query.limit > LIMIT_MAX {
        let detail = format!("`limit` is at most {LIMIT_MAX}; `next` of a page goes on");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let before = query.before.map(in_range).transpose()?;
    let wanted = |summary: &AttemptSummary| {
        caller.sees(&summary.project)
            && query.project.as_ref().is_none_or(|project| *project == summary.project)
            && query.workflow.as_ref().is_none_or(|workflow| *workflow == summary.workflow)
            && query.state.is_none_or(|state| state == summary.state)
    };
    let asked = AttemptQuery {
        limit: query.limit.into(),
        before: before.map(AttemptId),
        running: query.state == Some(AttemptState::Running),
    };
    let page = coordinator.attempt_page(&asked, wanted).await?;
    Ok(Json(AttemptList { attempts: page.attempts, next: page.next }))
}

/// One attempt, also one that lists do not show any more.
#[utoipa::path(
    get,
    path = "/v1/attempts/{id}",
    operation_id = "getAttempt",
    tag = "attempts",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "The attempt", body = AttemptSummary), Problems)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<AttemptSummary>, Problem> {
    Ok(Json(seen(&coordinator, &caller, id).await?))
}

/// The tasks of an attempt.
#[utoipa::path(
    get,
    path = "/v1/attempts/{id}/tasks",
    operation_id = "listTasks",
    tag = "attempts",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "All of its tasks so far", body = TaskList), Problems)
)]
pub(super) async fn tasks(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<TaskList>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?.attempt;
    Ok(Json(TaskList { tasks: coordinator.tasks(attempt).await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    /// Only lines behind this one: the last that the caller has.
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
}

/// Lines of an attempt's log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogPage {
    /// Oldest first.
    lines: Vec<LogLine>,
    /// Whether more may follow.
    running: bool,
}

/// What was decided about the tasks of an attempt, and when.
#[utoipa::path(
    get,
    path = "/v1/attempts/{id}/log",
    operation_id = "getLog",
    tag = "attempts",
    params(("id" = u64, Path, description = "The attempt"), LogQuery),
    responses((status = 200, description = "The lines", body = LogPage), Problems)
)]
pub(super) async fn log(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    // Read after the state: what an ended attempt has is all.
    let lines = coordinator.log_lines(attempt.attempt, in_range(query.after)?).await?;
    Ok(Json(LogPage { lines, running: attempt.state == AttemptState::Running }))
}

/// Kills an attempt: nothing of it begins any more, and its jobs are cancelled.
#[utoipa::path(
    post,
    path = "/v1/attempts/{id}/kill",
    operation_id = "killAttempt",
    tag = "attempts",
    params(("id" = u64, Path, description = "The attempt")),
    request_body = KillRequest,
    responses((status = 200, description = "What became of it", body = Killed), Problems)
)]
pub(super) async fn kill(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
    extract::Json(request): extract::Json<KillRequest>,
) -> Result<Json<Killed>, Problem> {
    let attempt = AttemptId(id);
    caller.operates(&coordinator.attempt(attempt).await?.project)?;
    Ok(Json(coordinator.kill(attempt, &request).await?))
}

/// A number as the description has it: of 64 bits with a sign, and not below zero.
pub(super) fn in_range(number: u64) -> Result<u64, Problem> {
    match i64::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) => {
            let detail = format!("{number} is more than {}", i64::MAX);
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// An attempt that the caller may see.
pub(super) async fn seen(
    coordinator: &Coordinator,
    caller: &Caller,
    id: u64,
) -> Result<AttemptSummary, Problem> {
    let attempt = coordinator.attempt(AttemptId(id)).await?;
    caller.looks_at(&attempt.project)?;
    Ok(attempt)
}
