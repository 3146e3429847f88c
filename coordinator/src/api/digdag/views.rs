//! What digdag's clients get (digdag-client, `io.digdag.client.api.Rest*`). Ids are texts there.

use himekuri_engine::TaskView;
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ids::{self, WorkflowName};
use crate::coordinator::{ProjectRecord, ScheduleView};
use crate::session::uuid_of;
use crate::summary::{AttemptState, AttemptSummary};

pub(super) fn project(project: &ProjectRecord) -> Value {
    json!({
        "id": ids::project_id(&project.name).to_string(),
        "name": project.name,
        "revision": project.revision,
        "createdAt": project.pushed_at,
        "updatedAt": project.pushed_at,
        "deletedAt": null,
        "archiveType": "db",
        "archiveMd5": null,
    })
}

pub(super) fn project_name(project: &str) -> Value {
    json!({"id": ids::project_id(project).to_string(), "name": project})
}

pub(super) fn workflow(workflow: &WorkflowName, timezone: &str) -> Value {
    json!({
        "id": workflow.id().to_string(),
        "name": workflow.workflow,
        "project": project_name(&workflow.project),
        "revision": workflow.revision,
        "timezone": timezone,
        "config": {},
    })
}

fn workflow_name(workflow: &WorkflowName) -> Value {
    json!({"id": workflow.id().to_string(), "name": workflow.workflow})
}

fn session_uuid(attempt: &AttemptSummary) -> Uuid {
    uuid_of(&attempt.session_key())
}

/// An attempt within its session.
pub(super) fn last_attempt(attempt: &AttemptSummary) -> Value {
    json!({
        "id": attempt.attempt.to_string(),
        "index": attempt.number,
        "retryAttemptName": name_of(attempt),
        "done": attempt.state != AttemptState::Running,
        "success": attempt.state == AttemptState::Success,
        "cancelRequested": attempt.kill.is_some(),
        "params": attempt.params,
        "createdAt": attempt.requested_at,
        "finishedAt": attempt.ended_at,
        "status": status(attempt),
    })
}

pub(super) fn attempt(attempt: &AttemptSummary, session: AttemptId) -> Value {
    let mut view = last_attempt(attempt);
    view["project"] = project_name(&attempt.project);
    view["workflow"] = workflow_name(&WorkflowName::of(attempt));
    view["sessionId"] = session.to_string().into();
    view["sessionUuid"] = session_uuid(attempt).to_string().into();
    view["sessionTime"] = attempt.session_local_time.clone().into();
    view
}

pub(super) fn session(last: &AttemptSummary, session: AttemptId) -> Value {
    json!({
        "id": session.to_string(),
        "project": project_name(&last.project),
        "workflow": workflow_name(&WorkflowName::of(last)),
        "sessionUuid": session_uuid(last),
        "sessionTime": last.session_local_time,
        "lastAttempt": last_attempt(last),
    })
}

pub(super) fn task(task: &TaskView, at: Timestamp) -> Value {
    let error = task.error.as_ref().map(|message| json!({"message": message}));
    json!({
        "id": task.id.to_string(),
        "fullName": task.name,
        "parentId": task.parent.map(|parent| parent.to_string()),
        "config": task.operator.as_ref().map_or_else(|| json!({}), |operator| json!({"_type": operator})),
        "upstreams": [],
        "state": task.state,
        "cancelRequested": false,
        "exportParams": {},
        "storeParams": {},
        "stateParams": {"destination": task.destination, "job": task.job},
        "updatedAt": task.ended_at.or(task.started_at).unwrap_or(at),
        "retryAt": task.retry_at,
        "startedAt": task.started_at,
        "error": error.unwrap_or_else(|| json!({})),
        "isGroup": task.operator.is_none(),
    })
}

/// A schedule, with the session time in its zone.
pub(super) fn schedule(view: &ScheduleView, workflow: &WorkflowName, local_time: &str) -> Value {
    json!({
        "id": workflow.schedule_id().to_string(),
        "project": project_name(&workflow.project),
        "workflow": workflow_name(workflow),
        "nextRunTime": view.next_run_time,
        "nextScheduleTime": local_time,
        "createdAt": Timestamp::UNIX_EPOCH,
        "updatedAt": view.disabled_at.unwrap_or(Timestamp::UNIX_EPOCH),
        "disabledAt": view.disabled_at,
    })
}

fn name_of(attempt: &AttemptSummary) -> Option<&str> {
    Some(attempt.attempt_name.as_str()).filter(|name| !name.is_empty())
}

fn status(attempt: &AttemptSummary) -> &'static str {
    match attempt.state {
        AttemptState::Running if attempt.kill.is_some() => "canceling",
        AttemptState::Running => "running",
        AttemptState::Success => "success",
        AttemptState::Error => "error",
        AttemptState::Canceled => "canceled",
    }
}
