//! Lists that several commands ask for.

use himekuri_coordinator::{AttemptSummary, ProjectRecord, ScheduleView, WorkerView};
use serde::Deserialize;

use super::ApiClient;

/// Most attempts in one answer of a coordinator.
pub(crate) const ATTEMPTS_MAX: usize = 1_000;

#[derive(Debug, Deserialize)]
struct AttemptList {
    attempts: Vec<AttemptSummary>,
}

#[derive(Debug, Deserialize)]
struct ScheduleList {
    schedules: Vec<ScheduleView>,
}

#[derive(Debug, Deserialize)]
struct ProjectList {
    projects: Vec<ProjectRecord>,
}

#[derive(Debug, Deserialize)]
struct WorkerList {
    workers: Vec<WorkerView>,
}

impl ApiClient {
    /// Attempts, newest first.
    pub(crate) async fn attempts(&self, limit: usize) -> anyhow::Result<Vec<AttemptSummary>> {
        let request = self.get("/v1/attempts").query(&[("limit", limit)]);
        let AttemptList { attempts } = self.call(request).await?;
        Ok(attempts)
    }

    /// Schedules, by project and workflow.
    pub(crate) async fn schedules(&self) -> anyhow::Result<Vec<ScheduleView>> {
        let ScheduleList { schedules } = self.call(self.get("/v1/schedules")).await?;
        Ok(schedules)
    }

    /// What was pushed last of each project, by name.
    pub(crate) async fn projects(&self) -> anyhow::Result<Vec<ProjectRecord>> {
        let ProjectList { projects } = self.call(self.get("/v1/projects")).await?;
        Ok(projects)
    }

    /// Workers that live, by name.
    pub(crate) async fn workers(&self) -> anyhow::Result<Vec<WorkerView>> {
        let WorkerList { workers } = self.call(self.get("/v1/workers")).await?;
        Ok(workers)
    }
}
