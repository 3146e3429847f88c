//! `/api/schedules`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use himekuri_engine::Config;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::super::caller::Caller;
use super::super::extract::{self, Path, Query};
use super::super::problem::Problem;
use super::answers::{
    Errors, LastAttempt, RestSchedule, RestScheduleAttemptCollection, RestScheduleCollection,
    RestSessionAttempt,
};
use super::ids::{self, WorkflowName};
use super::times::{local, time_in};
use super::views;
use crate::backfill::BackfillOrder;
use crate::coordinator::{
    BackfillRequest, Coordinator, ScheduleChange, ScheduleView, SkipTo, WorkflowFacts,
};
use crate::session::{SessionChoice, SessionPlan, plan_sessions, uuid_of};
use crate::summary::session_key;

/// Sessions of one backfill at most: three years and a bit.
const SESSIONS_MAX: usize = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkflowQuery {
    /// Only that of this workflow.
    workflow: Option<String>,
}

/// A schedule and its workflow.
struct Found {
    view: ScheduleView,
    name: WorkflowName,
    facts: WorkflowFacts,
}

impl Found {
    fn as_it_is(&self) -> RestSchedule {
        self.told(&self.view)
    }

    fn told(&self, view: &ScheduleView) -> RestSchedule {
        let next = view.next_session_time.unwrap_or_default();
        views::schedule(view, &self.name, local(next, &self.facts.zone))
    }
}

/// Schedules.
#[utoipa::path(
    get,
    path = "/api/schedules",
    operation_id = "digdagListSchedules",
    tag = "digdag",
    responses((status = 200, description = "All of them", body = RestScheduleCollection), Errors)
)]
pub(super) async fn list(
    State(coordinator): State<Coordinator>,
    caller: Caller,
) -> Result<Json<RestScheduleCollection>, Problem> {
    let found = all(&coordinator, &caller, |_| true).await?;
    Ok(Json(collection(&found)))
}

/// Schedules of a project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/schedules",
    operation_id = "digdagListProjectSchedules",
    tag = "digdag",
    params(("id" = i64, Path, description = "The project"), WorkflowQuery),
    responses((status = 200, description = "All of them, or that of the workflow", body = RestScheduleCollection), Errors)
)]
pub(super) async fn of_project(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<WorkflowQuery>,
) -> Result<Json<RestScheduleCollection>, Problem> {
    let project = ids::project(&coordinator, &caller, id).await?.name;
    let is_wanted = |name: &WorkflowName| {
        name.project == project
            && query.workflow.as_ref().is_none_or(|workflow| *workflow == name.workflow)
    };
    let found = all(&coordinator, &caller, is_wanted).await?;
    Ok(Json(collection(&found)))
}

/// A schedule.
#[utoipa::path(
    get,
    path = "/api/schedules/{id}",
    operation_id = "digdagGetSchedule",
    tag = "digdag",
    params(("id" = i64, Path, description = "The schedule")),
    responses((status = 200, description = "The schedule", body = RestSchedule), Errors)
)]
pub(super) async fn one(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestSchedule>, Problem> {
    Ok(Json(by_id(&coordinator, &caller, id).await?.as_it_is()))
}

/// Keeps a schedule from starting anything.
#[utoipa::path(
    post,
    path = "/api/schedules/{id}/disable",
    operation_id = "digdagDisableSchedule",
    tag = "digdag",
    params(("id" = i64, Path, description = "The schedule")),
    responses((status = 200, description = "The schedule", body = RestSchedule), Errors)
)]
pub(super) async fn disable(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestSchedule>, Problem> {
    ordered(&coordinator, &caller, id, ScheduleChange::Disable).await
}

/// Lets a schedule go on.
#[utoipa::path(
    post,
    path = "/api/schedules/{id}/enable",
    operation_id = "digdagEnableSchedule",
    tag = "digdag",
    params(("id" = i64, Path, description = "The schedule")),
    responses((status = 200, description = "The schedule", body = RestSchedule), Errors)
)]
pub(super) async fn enable(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<RestSchedule>, Problem> {
    ordered(&coordinator, &caller, id, ScheduleChange::Enable { skip_missed: false }).await
}

/// digdag's `RestScheduleSkipRequest`: up to a time, or a number of sessions from a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RestScheduleSkipRequest)]
pub(super) struct SkipRequest {
    next_time: Option<String>,
    from_time: Option<Timestamp>,
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u32)]
    count: Option<u32>,
    next_run_time: Option<Timestamp>,
    #[serde(default)]
    dry_run: bool,
}

/// Leaves out the sessions before one.
#[utoipa::path(
    post,
    path = "/api/schedules/{id}/skip",
    operation_id = "digdagSkipSessions",
    tag = "digdag",
    params(("id" = i64, Path, description = "The schedule")),
    request_body = SkipRequest,
    responses((status = 200, description = "The schedule", body = RestSchedule), Errors)
)]
pub(super) async fn skip(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    extract::Json(request): extract::Json<SkipRequest>,
) -> Result<Json<RestSchedule>, Problem> {
    let found = by_id(&coordinator, &caller, id).await?;
    let to = match (&request.next_time, request.count) {
        (Some(text), None) => SkipTo::Time(time_in(text, &found.facts.zone)?),
        (None, Some(count)) => SkipTo::Sessions { count, from: request.from_time },
        (Some(_), Some(_)) | (None, None) => {
            let detail = "say either `nextTime`, or `count` with `fromTime`";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
    };
    if request.dry_run {
        return Ok(Json(found.as_it_is()));
    }
    ordered(&coordinator, &caller, id, ScheduleChange::Skip { to, run_at: request.next_run_time })
        .await
}

/// digdag's `RestScheduleBackfillRequest`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RestScheduleBackfillRequest)]
pub(super) struct BackfillOf {
    from_time: Timestamp,
    attempt_name: String,
    count: Option<usize>,
    #[serde(default)]
    dry_run: bool,
}

/// The sessions from a time to the one that the schedule starts next, one after another. Those that have no attempt yet have the
/// id 0 in the answer: they begin as the ones before them end.
#[utoipa::path(
    post,
    path = "/api/schedules/{id}/backfill",
    operation_id = "digdagBackfill",
    tag = "digdag",
    params(("id" = i64, Path, description = "The schedule")),
    request_body = BackfillOf,
    responses((status = 200, description = "What will run", body = RestScheduleAttemptCollection), Errors)
)]
pub(super) async fn backfill(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<i64>,
    extract::Json(request): extract::Json<BackfillOf>,
) -> Result<Json<RestScheduleAttemptCollection>, Problem> {
    let found = by_id(&coordinator, &caller, id).await?;
    match request.dry_run {
        true => caller.looks_at(&found.name.project)?,
        false => caller.operates(&found.name.project)?,
    }
    let times = sessions(&found, request.from_time, request.count);
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        let detail = format!("no session of the schedule is due from {} on", request.from_time);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    };
    let date = |time: &Timestamp| time.to_zoned(found.facts.zone.clone()).date();
    let choice = SessionChoice { from: date(first), to: date(last) };
    let planned = plan_sessions(&found.facts.workflow, choice, coordinator.now());
    let planned = planned
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    if !planned.iter().map(|session| &session.session_time).eq(&times) {
        let detail = "this range begins or ends within a day that has several sessions; run whole days with `himekuri backfill`";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let asked = BackfillRequest {
        project: found.name.project.clone(),
        workflow: found.name.workflow.clone(),
        sessions: choice,
        order: BackfillOrder::OldestFirst,
        concurrency: 1,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: Some(request.attempt_name.clone()),
        dry_run: request.dry_run,
        revision: None,
    };
    coordinator.backfill(&asked).await?;
    let session = |time: &SessionPlan| {
        let key = session_key(&found.name.project, &found.name.workflow, time.session_time);
        RestSessionAttempt {
            attempt: LastAttempt {
                id: "0".to_owned(),
                index: Some(0),
                retry_attempt_name: Some(request.attempt_name.clone()),
                done: false,
                success: false,
                cancel_requested: false,
                params: Config::new(),
                created_at: coordinator.now(),
                finished_at: None,
                status: "running",
            },
            project: views::project_name(&found.name.project),
            workflow: views::workflow_name(&found.name),
            session_id: "0".to_owned(),
            session_uuid: uuid_of(&key).to_string(),
            session_time: time.local_time.clone(),
        }
    };
    Ok(Json(RestScheduleAttemptCollection {
        id: id.to_string(),
        project: views::project_name(&found.name.project),
        workflow: views::workflow_name(&found.name),
        attempts: planned.iter().map(session).collect(),
    }))
}

fn collection(found: &[Found]) -> RestScheduleCollection {
    RestScheduleCollection { schedules: found.iter().map(Found::as_it_is).collect() }
}

/// Session times of the schedule from a time on, before the one that it starts next.
fn sessions(found: &Found, from: Timestamp, count: Option<usize>) -> Vec<Timestamp> {
    let (Some(schedule), zone) = (&found.facts.schedule, &found.facts.zone) else {
        return Vec::new();
    };
    let Ok(before) = from.checked_sub(jiff::SignedDuration::from_nanos(1)) else {
        return Vec::new();
    };
    let next = |after: Timestamp| schedule.next(zone, after).map(|session| session.session_time);
    let end = found.view.next_session_time;
    std::iter::successors(next(before), |time| next(*time))
        .take_while(|time| end.is_none_or(|end| *time < end))
        .take(count.unwrap_or(SESSIONS_MAX).min(SESSIONS_MAX))
        .collect()
}

async fn ordered(
    coordinator: &Coordinator,
    caller: &Caller,
    id: i64,
    change: ScheduleChange,
) -> Result<Json<RestSchedule>, Problem> {
    let found = by_id(coordinator, caller, id).await?;
    caller.operates(&found.name.project)?;
    let view = coordinator.order_schedule(&found.name.project, &found.name.workflow, change);
    Ok(Json(found.told(&view.await?)))
}

async fn by_id(coordinator: &Coordinator, caller: &Caller, id: i64) -> Result<Found, Problem> {
    let found = all(coordinator, caller, |name| name.schedule_id() == id).await?;
    found.into_iter().next().ok_or_else(|| Problem::unknown("schedule", id))
}

/// The schedules that the caller sees, of those workflows.
async fn all(
    coordinator: &Coordinator,
    caller: &Caller,
    is_wanted: impl Fn(&WorkflowName) -> bool,
) -> Result<Vec<Found>, Problem> {
    let views = coordinator.schedule_views().await?;
    let mut found = Vec::new();
    for project in ids::projects(coordinator, caller).await? {
        for name in WorkflowName::all(&project).filter(|name| is_wanted(name)) {
            let key = format!("{}/{}", name.project, name.workflow);
            let Some(view) = views.iter().find(|view| view.schedule == key) else { continue };
            let facts = name.facts(coordinator).await?;
            found.push(Found { view: view.clone(), name, facts });
        }
    }
    Ok(found)
}
