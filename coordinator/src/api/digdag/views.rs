//! From what the pool knows to what digdag's clients get.

use himekuri_engine::{Config, TaskView};
use himekuri_protocol::AttemptId;
use jiff::Timestamp;

use super::answers::{
    IdAndName, LastAttempt, RestProject, RestSchedule, RestSession, RestSessionAttempt, RestTask,
    RestWorkflowDefinition, TaskConfig, TaskFailure, TaskWork,
};
use super::ids::{self, WorkflowName};
use crate::coordinator::{ProjectRecord, ScheduleView};
use crate::session::uuid_of;
use crate::summary::{AttemptState, AttemptSummary};

/// digdag's word for archives that its server keeps.
pub(super) const ARCHIVE_TYPE: &str = "db";

pub(super) fn project(project: &ProjectRecord) -> RestProject {
    RestProject {
        id: ids::project_id(&project.name).to_string(),
        name: project.name.clone(),
        revision: project.revision.clone(),
        created_at: project.pushed_at,
        updated_at: project.pushed_at,
        deleted_at: None,
        archive_type: ARCHIVE_TYPE,
        archive_md5: None,
    }
}

pub(super) fn project_name(project: &str) -> IdAndName {
    IdAndName { id: ids::project_id(project).to_string(), name: project.to_owned() }
}

pub(super) fn workflow(workflow: &WorkflowName, timezone: &str) -> RestWorkflowDefinition {
    RestWorkflowDefinition {
        id: workflow.id().to_string(),
        name: workflow.workflow.clone(),
        project: project_name(&workflow.project),
        revision: workflow.revision.clone(),
        timezone: timezone.to_owned(),
        config: Config::new(),
    }
}

pub(super) fn workflow_name(workflow: &WorkflowName) -> IdAndName {
    IdAndName { id: workflow.id().to_string(), name: workflow.workflow.clone() }
}

fn session_uuid(attempt: &AttemptSummary) -> String {
    uuid_of(&attempt.session_key()).to_string()
}

/// An attempt within its session.
fn last_attempt(attempt: &AttemptSummary) -> LastAttempt {
    LastAttempt {
        id: attempt.attempt.to_string(),
        index: attempt.number,
        retry_attempt_name: name_of(attempt),
        done: attempt.state != AttemptState::Running,
        success: attempt.state == AttemptState::Success,
        cancel_requested: attempt.kill.is_some(),
        params: attempt.params.clone(),
        created_at: attempt.requested_at,
        finished_at: attempt.ended_at,
        status: status(attempt),
    }
}

pub(super) fn attempt(attempt: &AttemptSummary, session: AttemptId) -> RestSessionAttempt {
    RestSessionAttempt {
        attempt: last_attempt(attempt),
        project: project_name(&attempt.project),
        workflow: workflow_name(&WorkflowName::of(attempt)),
        session_id: session.to_string(),
        session_uuid: session_uuid(attempt),
        session_time: attempt.session_local_time.clone(),
    }
}

pub(super) fn session(last: &AttemptSummary, session: AttemptId) -> RestSession {
    RestSession {
        id: session.to_string(),
        project: project_name(&last.project),
        workflow: workflow_name(&WorkflowName::of(last)),
        session_uuid: session_uuid(last),
        session_time: last.session_local_time.clone(),
        last_attempt: last_attempt(last),
    }
}

pub(super) fn task(task: &TaskView, at: Timestamp) -> RestTask {
    RestTask {
        id: task.id.to_string(),
        full_name: task.name.clone(),
        parent_id: task.parent.map(|parent| parent.to_string()),
        config: TaskConfig { operator: task.operator.clone() },
        upstreams: Vec::new(),
        state: task.state.clone(),
        cancel_requested: false,
        export_params: Config::new(),
        store_params: Config::new(),
        state_params: TaskWork { destination: task.destination.clone(), job: task.job.clone() },
        updated_at: task.ended_at.or(task.started_at).unwrap_or(at),
        retry_at: task.retry_at,
        started_at: task.started_at,
        error: TaskFailure { message: task.error.clone() },
        is_group: task.operator.is_none(),
    }
}

/// A schedule, with the session time in its zone.
pub(super) fn schedule(
    view: &ScheduleView,
    workflow: &WorkflowName,
    local_time: String,
) -> RestSchedule {
    RestSchedule {
        id: workflow.schedule_id().to_string(),
        project: project_name(&workflow.project),
        workflow: workflow_name(workflow),
        next_run_time: view.next_run_time,
        next_schedule_time: local_time,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: view.disabled_at.unwrap_or(Timestamp::UNIX_EPOCH),
        disabled_at: view.disabled_at,
    }
}

fn name_of(attempt: &AttemptSummary) -> Option<String> {
    Some(attempt.attempt_name.clone()).filter(|name| !name.is_empty())
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
