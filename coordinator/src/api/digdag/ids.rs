//! digdag names things by numbers of its database. Here they are made from names, the same on every machine: projects have the
//! number that `${project_id}` shows, workflows one for each revision, schedules one for each workflow. A session has the id
//! of its first attempt.

use himekuri_protocol::AttemptId;

use super::super::caller::Caller;
use super::super::problem::Problem;
use crate::coordinator::{AttemptQuery, Coordinator, ProjectRecord, WorkflowFacts};
use crate::session::number_of_name;
use crate::summary::AttemptSummary;

/// A workflow of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WorkflowName {
    pub(super) project: String,
    pub(super) revision: String,
    pub(super) workflow: String,
}

impl WorkflowName {
    pub(super) fn of(attempt: &AttemptSummary) -> Self {
        Self {
            project: attempt.project.clone(),
            revision: attempt.revision.clone(),
            workflow: attempt.workflow.clone(),
        }
    }

    pub(super) fn all(project: &ProjectRecord) -> impl Iterator<Item = Self> + '_ {
        project.workflows.iter().map(|workflow| Self {
            project: project.name.clone(),
            revision: project.revision.clone(),
            workflow: workflow.clone(),
        })
    }

    pub(super) async fn facts(&self, coordinator: &Coordinator) -> Result<WorkflowFacts, Problem> {
        Ok(coordinator.workflow_facts(&self.project, &self.revision, &self.workflow).await?)
    }

    pub(super) fn id(&self) -> i64 {
        number_of_name(&format!("{}/{}/{}", self.project, self.revision, self.workflow))
    }

    pub(super) fn schedule_id(&self) -> i64 {
        schedule_id(&format!("{}/{}", self.project, self.workflow))
    }
}

pub(super) fn project_id(project: &str) -> i64 {
    number_of_name(project)
}

/// Of `<project>/<workflow>`.
pub(super) fn schedule_id(schedule: &str) -> i64 {
    number_of_name(schedule)
}

/// The projects that the caller sees.
pub(super) async fn projects(
    coordinator: &Coordinator,
    caller: &Caller,
) -> Result<Vec<ProjectRecord>, Problem> {
    let mut projects = coordinator.projects().await?;
    projects.retain(|project| caller.sees(&project.name));
    Ok(projects)
}

pub(super) async fn project(
    coordinator: &Coordinator,
    caller: &Caller,
    id: i64,
) -> Result<ProjectRecord, Problem> {
    let found = projects(coordinator, caller).await?;
    let found = found.into_iter().find(|project| project_id(&project.name) == id);
    found.ok_or_else(|| Problem::unknown("project", id))
}

/// A workflow of the revision that was pushed last, or of one that an attempt has run.
pub(super) async fn workflow(
    coordinator: &Coordinator,
    caller: &Caller,
    id: i64,
) -> Result<WorkflowName, Problem> {
    let projects = projects(coordinator, caller).await?;
    let mut latest = projects.iter().flat_map(WorkflowName::all);
    if let Some(found) = latest.find(|workflow| workflow.id() == id) {
        return Ok(found);
    }
    let query = AttemptQuery { limit: 1, before: None, running: false };
    let is_it = |attempt: &AttemptSummary| {
        caller.sees(&attempt.project) && WorkflowName::of(attempt).id() == id
    };
    let page = coordinator.attempt_page(&query, is_it).await?;
    let found = page.attempts.first().map(WorkflowName::of);
    found.ok_or_else(|| Problem::unknown("workflow", id))
}

/// The id of an attempt's session.
pub(super) async fn session_id(
    coordinator: &Coordinator,
    attempt: &AttemptSummary,
) -> Result<AttemptId, Problem> {
    if attempt.number == Some(1) {
        return Ok(attempt.attempt);
    }
    let (project, workflow) = (&attempt.project, &attempt.workflow);
    let all = coordinator.attempts_of(project, workflow, attempt.session_time).await?;
    Ok(all.last().map_or(attempt.attempt, |first| first.attempt))
}
