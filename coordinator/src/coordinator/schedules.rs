//! What the scheduler reads and remembers.

use himekuri_store::{AttemptFilter, AttemptState, RecordKind};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Coordinator, ProjectRecord, StartError};
use crate::scheduler::ScheduleRecord;
use crate::summary::{AttemptSummary, SessionAttempt};

/// Running attempts of the pool that are looked through at most: more than a pool can hold in memory.
const ACTIVE_MAX: usize = 1_000_000;

/// A schedule in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// `<project>/<workflow>`.
    pub schedule: String,
    /// Last session that it started.
    pub last_session_time: Option<Timestamp>,
    /// The session that is next; none when the schedule has ended.
    pub next_session_time: Option<Timestamp>,
    /// When that one is to start.
    pub next_run_time: Option<Timestamp>,
    /// The attempt that must succeed before, if the time has come (`depends_on_previous`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<SessionAttempt>,
}

impl Coordinator {
    /// All schedules, by project and workflow.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn schedule_views(&self) -> Result<Vec<ScheduleView>, StartError> {
        let stored = self.schedules().await?;
        let views = stored.into_iter().map(|(schedule, json)| {
            let record: ScheduleRecord = serde_json::from_str(&json)?;
            Ok(ScheduleView {
                schedule,
                last_session_time: record.last_session_time,
                next_session_time: record.next.map(|next| next.session_time),
                next_run_time: record.next.map(|next| next.run_time),
                waits_for: record.waits_for,
            })
        });
        views.collect()
    }

    /// All pushed projects.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectRecord>, StartError> {
        let stored = self.store.projects().await?;
        Ok(stored
            .iter()
            .map(|(_, json)| serde_json::from_str(json))
            .collect::<Result<_, serde_json::Error>>()?)
    }

    /// Keys and JSON records of all schedules.
    pub(crate) async fn schedules(&self) -> Result<Vec<(String, String)>, StartError> {
        Ok(self.store.records(RecordKind::Schedule).await?)
    }

    /// Remembers a schedule, or forgets it.
    pub(crate) async fn put_schedule(
        &self,
        key: &str,
        record: Option<&ScheduleRecord>,
    ) -> Result<(), StartError> {
        let json = record.map(serde_json::to_string).transpose()?;
        Ok(self.store.put_record(self.epoch, RecordKind::Schedule, key, json.as_deref()).await?)
    }

    /// Whether an attempt of a workflow runs, of whatever session.
    pub(crate) async fn is_running(
        &self,
        project: &str,
        workflow: &str,
    ) -> Result<bool, StartError> {
        let filter = AttemptFilter {
            state: Some(AttemptState::Active),
            limit: ACTIVE_MAX,
            ..AttemptFilter::default()
        };
        for (_, json) in self.store.attempts(&filter).await? {
            let summary: AttemptSummary = serde_json::from_str(&json)?;
            if summary.project == project && summary.workflow == workflow {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
