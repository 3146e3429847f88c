//! Workflows of a revision with their times, for callers who name a session by its time.

use himekuri_engine::Config;
use himekuri_schedule::Schedule;
use himekuri_workflow::Workflow;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Coordinator, ProjectRecord, StartError, Started};
use crate::revision::ProjectRevision;
use crate::session::{plan_session_at, schedule_of, timezone_name, zone_of};
use crate::summary::AttemptSummary;

/// A workflow of a revision.
pub(crate) struct WorkflowFacts {
    pub(crate) revision: ProjectRevision,
    pub(crate) workflow: Workflow,
    pub(crate) zone: TimeZone,
    pub(crate) schedule: Option<Schedule>,
}

impl WorkflowFacts {
    /// The zone as the file writes it.
    pub(crate) fn zone_name(&self) -> &str {
        timezone_name(&self.workflow)
    }
}

impl Coordinator {
    /// A workflow of a project, in a revision that was pushed at some time.
    pub(crate) async fn workflow_facts(
        &self,
        project: &str,
        revision: &str,
        workflow: &str,
    ) -> Result<WorkflowFacts, StartError> {
        let record = self.project(project).await?;
        let record = ProjectRecord { revision: revision.to_owned(), ..record };
        facts(self.revision_of(record).await?, workflow)
    }

    /// All workflows that were pushed last.
    pub(crate) async fn all_workflow_facts(
        &self,
        project: &ProjectRecord,
    ) -> Result<Vec<WorkflowFacts>, StartError> {
        let revision = self.revision_of(project.clone()).await?;
        project.workflows.iter().map(|name| facts(revision.clone(), name)).collect()
    }

    /// Starts the session of a time, unless it has an attempt of this name.
    pub(crate) async fn start_session(
        &self,
        facts: &WorkflowFacts,
        session_time: Timestamp,
        attempt_name: &str,
        params: Config,
    ) -> Result<Started, StartError> {
        let now = self.now();
        let session = plan_session_at(&facts.workflow, session_time, now)?;
        let summary = AttemptSummary {
            attempt_name: attempt_name.to_owned(),
            params,
            ..AttemptSummary::new(&facts.revision, &facts.workflow.name, session, now)
        };
        self.start_one(&facts.revision, summary).await
    }
}

fn facts(revision: ProjectRevision, name: &str) -> Result<WorkflowFacts, StartError> {
    let workflow = Coordinator::workflow_of(&revision, name)?;
    let (zone, schedule) = (zone_of(&workflow)?, schedule_of(&workflow)?);
    Ok(WorkflowFacts { revision, workflow, zone, schedule })
}
