//! `/api/attempts` and `/api/sessions`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::super::attempts::{in_range, seen};
use super::super::caller::Caller;
use super::super::extract::{self, Path, Query};
use super::super::problem::Problem;
use super::answers::{
    Errors, RestSession, RestSessionAttempt, RestSessionAttemptCollection, RestSessionCollection,
    RestTaskCollection, StartConflict,
};
use super::{ids, views};
use crate::coordinator::{
    AttemptQuery, Coordinator, KillRequest, RetryMode, RetryRequest, RetryRevision, Started,
};
use crate::summary::AttemptSummary;

/// Of a page, unless the client says otherwise; digdag's.
const PAGE: usize = 100;
/// The most that a client gets.
const PAGE_MAX: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those of a title.
    project: Option<String>,
    /// Only those of a workflow.
    workflow: Option<String>,
    /// Whether earlier attempts of a session are listed too.
    include_retried: Option<bool>,
    /// Only those that are older than this one.
    last_id: Option<u64>,
    /// The most that are wanted.
    page_size: Option<usize>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionQuery {
    /// Only those of a workflow.
    workflow: Option<String>,
    /// Only those that are older than this one.
    last_id: Option<u64>,
    /// The most that are wanted.
    page_size: Option<usize>,
}

impl ListQuery {
    fn page(&self) -> Result<AttemptQuery, Problem> {
        Ok(AttemptQuery {
            limit: self.page_size.unwrap_or(PAGE).min(PAGE_MAX),
            before: self.last_id.map(in_range).transpose()?.map(AttemptId),
            running: false,
        })
    }

    fn wants(&self, caller: &Caller, attempt: &AttemptSummary) -> bool {
        caller.sees(&attempt.project)
            && self.project.as_ref().is_none_or(|project| *project == attempt.project)
            && self.workflow.as_ref().is_none_or(|workflow| *workflow == attempt.workflow)
    }
}

/// Of each session the newest, unless all are asked for.
#[utoipa::path(
    get,
    path = "/api/attempts",
    operation_id = "digdagListAttempts",
    tag = "digdag",
    params(ListQuery),
    responses((status = 200, description = "Newest first", body = RestSessionAttemptCollection), Errors)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<RestSessionAttemptCollection>, Problem> {
    let page =
        coordinator.attempt_page(&query.page()?, |found| query.wants(&caller, found)).await?;
    let mut attempts = Vec::new();
    for found in &page.attempts {
        let all = all_of(&coordinator, found).await?;
        let is_newest = all.first().is_none_or(|newest| newest.attempt == found.attempt);
        if is_newest || query.include_retried == Some(true) {
            let session = all.last().map_or(found.attempt, |first| first.attempt);
            attempts.push(views::attempt(found, session));
        }
    }
    Ok(Json(RestSessionAttemptCollection { attempts }))
}

/// An attempt.
#[utoipa::path(
    get,
    path = "/api/attempts/{id}",
    operation_id = "digdagGetAttempt",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "The attempt", body = RestSessionAttempt), Errors)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<RestSessionAttempt>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    Ok(Json(view(&coordinator, &attempt).await?))
}

/// The other attempts of the session.
#[utoipa::path(
    get,
    path = "/api/attempts/{id}/retries",
    operation_id = "digdagListRetries",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "All attempts of the session", body = RestSessionAttemptCollection), Errors)
)]
pub(super) async fn retries(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<RestSessionAttemptCollection>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    let all = all_of(&coordinator, &attempt).await?;
    Ok(Json(attempts_of(&all)))
}

/// The tasks of an attempt.
#[utoipa::path(
    get,
    path = "/api/attempts/{id}/tasks",
    operation_id = "digdagListTasks",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "All of them so far", body = RestTaskCollection), Errors)
)]
pub(super) async fn tasks(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<RestTaskCollection>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    let tasks = coordinator.tasks(attempt.attempt).await?;
    let tasks = tasks.iter().map(|task| views::task(task, attempt.requested_at));
    Ok(Json(RestTaskCollection { tasks: tasks.collect() }))
}

/// Kills an attempt. No content, which is all that digdag's client library can read; 409 for one that has ended or is killed already.
#[utoipa::path(
    post,
    path = "/api/attempts/{id}/kill",
    operation_id = "digdagKillAttempt",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 204, description = "It is killed"), Errors)
)]
pub(super) async fn kill(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    let attempt = coordinator.attempt(AttemptId(id)).await?;
    caller.operates(&attempt.project)?;
    let request = KillRequest { by: Some(caller.name().to_owned()) };
    let killed = coordinator.kill(attempt.attempt, &request).await?;
    if !killed.killed {
        let detail = format!("attempt {id} has ended, or is killed already");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// digdag's `RestSessionAttemptRequest`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RestSessionAttemptRequest)]
pub(super) struct StartRequest {
    workflow_id: Id,
    session_time: Timestamp,
    retry_attempt_name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    params: Config,
    resume: Option<Resume>,
}

/// A number, or its text: digdag's clients have sent both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn number(&self) -> Result<i64, Problem> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => text.parse().map_err(|_| Problem::unknown("id", text)),
        }
    }
}

/// What is taken over from an earlier attempt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Resume {
    #[serde(rename_all = "camelCase")]
    Failed { attempt_id: Id },
    #[serde(rename_all = "camelCase")]
    From { attempt_id: Id, from: String },
}

/// Starts a session, or runs it again; 409 with the attempt that has the name already.
#[utoipa::path(
    put,
    path = "/api/attempts",
    operation_id = "digdagStartAttempt",
    tag = "digdag",
    request_body = StartRequest,
    responses((status = 200, description = "The new attempt", body = RestSessionAttempt), Errors, (status = 409, description = "There is one already", body = StartConflict))
)]
pub(super) async fn start(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    extract::Json(request): extract::Json<StartRequest>,
) -> Result<Response, Problem> {
    let workflow = ids::workflow(&coordinator, &caller, request.workflow_id.number()?).await?;
    caller.operates(&workflow.project)?;
    let name = request.retry_attempt_name.clone().unwrap_or_default();
    let (earlier, mode) = match &request.resume {
        None => {
            let facts = workflow.facts(&coordinator).await?;
            let (at, params) = (request.session_time, request.params);
            let started = coordinator.start_session(&facts, at, &name, params).await?;
            return answer(&coordinator, &started).await;
        }
        Some(Resume::Failed { attempt_id }) => (attempt_id.number()?, RetryMode::Resume),
        Some(Resume::From { attempt_id, from }) => {
            (attempt_id.number()?, RetryMode::ResumeFrom(from.clone()))
        }
    };
    let earlier = u64::try_from(earlier).map_err(|_| Problem::unknown("attempt", earlier))?;
    let retry = RetryRequest {
        mode,
        revision: RetryRevision::Revision(workflow.revision),
        params: request.params,
        overrides: Config::new(),
        attempt_name: Some(name),
    };
    // The workflow says the title; the earlier attempt must be of it too.
    let attempt = seen(&coordinator, &caller, earlier).await?;
    caller.operates(&attempt.project)?;
    let started = coordinator.retry(attempt.attempt, &retry).await?;
    answer(&coordinator, &started).await
}

async fn answer(coordinator: &Coordinator, started: &Started) -> Result<Response, Problem> {
    let attempt = coordinator.attempt(started.attempt).await?;
    let view = view(coordinator, &attempt).await?;
    let status = if started.created { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, Json(view)).into_response())
}

/// Sessions with their newest attempts.
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "digdagListSessions",
    tag = "digdag",
    params(ListQuery),
    responses((status = 200, description = "Newest first", body = RestSessionCollection), Errors)
)]
pub(super) async fn sessions(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<RestSessionCollection>, Problem> {
    listed(&coordinator, &caller, &query).await
}

/// Sessions of a project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/sessions",
    operation_id = "digdagListProjectSessions",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project"), SessionQuery),
    responses((status = 200, description = "Newest first", body = RestSessionCollection), Errors)
)]
pub(super) async fn sessions_of_project(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<SessionQuery>,
) -> Result<Json<RestSessionCollection>, Problem> {
    let SessionQuery { workflow, last_id, page_size } = query;
    let project = Some(ids::project(&coordinator, &caller, id).await?.name);
    let query = ListQuery { project, workflow, include_retried: None, last_id, page_size };
    listed(&coordinator, &caller, &query).await
}

/// Sessions are found by their first attempts, and shown by their newest.
async fn listed(
    coordinator: &Coordinator,
    caller: &Caller,
    query: &ListQuery,
) -> Result<Json<RestSessionCollection>, Problem> {
    let is_first = |found: &AttemptSummary| found.number.is_none_or(|number| number == 1);
    let wanted = |found: &AttemptSummary| is_first(found) && query.wants(caller, found);
    let page = coordinator.attempt_page(&query.page()?, wanted).await?;
    let mut sessions = Vec::new();
    for first in &page.attempts {
        let all = all_of(coordinator, first).await?;
        sessions.push(views::session(all.first().unwrap_or(first), first.attempt));
    }
    Ok(Json(RestSessionCollection { sessions }))
}

/// A session.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}",
    operation_id = "digdagGetSession",
    tag = "digdag",
    params(("id" = u64, Path, description = "The session: its first attempt")),
    responses((status = 200, description = "The session", body = RestSession), Errors)
)]
pub(super) async fn session(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<RestSession>, Problem> {
    let first = seen(&coordinator, &caller, id).await?;
    let all = all_of(&coordinator, &first).await?;
    let last = all.first().unwrap_or(&first);
    Ok(Json(views::session(last, ids::session_id(&coordinator, &first).await?)))
}

/// The attempts of a session.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/attempts",
    operation_id = "digdagListSessionAttempts",
    tag = "digdag",
    params(("id" = u64, Path, description = "The session: its first attempt")),
    responses((status = 200, description = "Newest first", body = RestSessionAttemptCollection), Errors)
)]
pub(super) async fn of_session(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<RestSessionAttemptCollection>, Problem> {
    let first = seen(&coordinator, &caller, id).await?;
    Ok(Json(attempts_of(&all_of(&coordinator, &first).await?)))
}

/// The attempts of a session, newest first.
fn attempts_of(all: &[AttemptSummary]) -> RestSessionAttemptCollection {
    let session = all.last().map(|first| first.attempt).unwrap_or(AttemptId(0));
    let attempts = all.iter().map(|found| views::attempt(found, session));
    RestSessionAttemptCollection { attempts: attempts.collect() }
}

async fn all_of(
    coordinator: &Coordinator,
    attempt: &AttemptSummary,
) -> Result<Vec<AttemptSummary>, Problem> {
    let (project, workflow) = (&attempt.project, &attempt.workflow);
    Ok(coordinator.attempts_of(project, workflow, attempt.session_time).await?)
}

async fn view(
    coordinator: &Coordinator,
    attempt: &AttemptSummary,
) -> Result<RestSessionAttempt, Problem> {
    Ok(views::attempt(attempt, ids::session_id(coordinator, attempt).await?))
}
