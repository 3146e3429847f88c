//! What the scheduler reads and remembers.

use himekuri_store::{AttemptFilter, AttemptState, RecordKind};

use super::{Coordinator, ProjectRecord, StartError};
use crate::scheduler::ScheduleRecord;
use crate::summary::AttemptSummary;

/// Running attempts of the pool that are looked through at most: more than a pool can hold in memory.
const ACTIVE_MAX: usize = 1_000_000;

impl Coordinator {
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
