//! Lists that several commands ask for.

use himekuri_coordinator::{AttemptSummary, ProjectRecord, ScheduleView, WorkerView};
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde::Deserialize;

use super::ApiClient;

/// Most attempts in one answer of a coordinator.
const PAGE: usize = 1_000;

/// Most pages that one list is made of: a backfill of three years for all titles is 30,000 attempts.
const PAGES_MAX: usize = 50;

/// Which attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) project: Option<&'a str>,
    pub(crate) workflow: Option<&'a str>,
}

/// Attempts, newest first.
#[derive(Debug)]
pub(crate) struct Attempts {
    pub(crate) attempts: Vec<AttemptSummary>,
    /// Whether there are older ones that were wanted and not asked for.
    pub(crate) is_cut: bool,
}

#[derive(Debug, Deserialize)]
struct AttemptList {
    attempts: Vec<AttemptSummary>,
    /// Where the next page begins, if there may be one.
    next: Option<AttemptId>,
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
    /// The newest attempts.
    pub(crate) async fn attempts(
        &self,
        wanted: Wanted<'_>,
        limit: usize,
    ) -> anyhow::Result<Vec<AttemptSummary>> {
        let mut found = self.pages(wanted, limit.min(PAGE), |seen| seen.len() >= limit).await?;
        found.attempts.truncate(limit);
        Ok(found.attempts)
    }

    /// All attempts that were asked for at a time or later; at least a page, so that older ones are there when nothing is new.
    pub(crate) async fn attempts_since(&self, since: Timestamp) -> anyhow::Result<Attempts> {
        let is_covered =
            |seen: &[AttemptSummary]| seen.last().is_some_and(|oldest| oldest.requested_at < since);
        self.pages(Wanted::default(), PAGE, is_covered).await
    }

    /// Page after page, until those that were seen are enough.
    async fn pages(
        &self,
        wanted: Wanted<'_>,
        size: usize,
        is_enough: impl Fn(&[AttemptSummary]) -> bool,
    ) -> anyhow::Result<Attempts> {
        let (mut attempts, mut before) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let request = self
                .get("/v1/attempts")
                .query(&[("limit", size)])
                .query(&[("project", wanted.project), ("workflow", wanted.workflow)])
                .query(&[("before", before)]);
            let page: AttemptList = self.call(request).await?;
            attempts.extend(page.attempts);
            before = page.next;
            if before.is_none() || is_enough(&attempts) {
                return Ok(Attempts { attempts, is_cut: false });
            }
        }
        Ok(Attempts { attempts, is_cut: true })
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
