//! What the scheduler reads and remembers.

use std::collections::BTreeMap;

use himekuri_schedule::Schedule;
use himekuri_store::{AttemptFilter, AttemptState, RecordKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Coordinator, ProjectRecord, StartError};
use crate::scheduler::{ScheduleOrder, ScheduleRecord};
use crate::session::{schedule_of, zone_of};
use crate::summary::{AttemptSummary, SessionAttempt};

/// Most sessions that are left out at once.
const SKIP_MAX: u32 = 10_000;

/// Running attempts of the pool that are looked through at most: more than a pool can hold in memory.
const ACTIVE_MAX: usize = 1_000_000;

/// What somebody wants of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleChange {
    /// Starts nothing any more.
    Disable,
    /// Goes on.
    Enable {
        /// Whether what was due meanwhile is left out; else the schedule's `catch_up` decides.
        skip_missed: bool,
    },
    /// Leaves sessions out.
    Skip {
        /// Up to where.
        to: SkipTo,
        /// When the first one that is not left out starts, if not at its own time.
        run_at: Option<Timestamp>,
    },
}

/// Up to where sessions are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipTo {
    /// Those before this session time.
    Time(Timestamp),
    /// So many.
    Sessions {
        /// How many.
        count: u32,
        /// From here on; from now when missing.
        from: Option<Timestamp>,
    },
}

/// A schedule in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduleView {
    /// `<project>/<workflow>`.
    pub schedule: String,
    /// Last session that it started.
    pub last_session_time: Option<Timestamp>,
    /// The session that is next; none when the schedule has ended.
    pub next_session_time: Option<Timestamp>,
    /// When that one is to start.
    pub next_run_time: Option<Timestamp>,
    /// Since when somebody keeps it from starting anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// The attempt that must succeed before, if the time has come (`depends_on_previous`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<SessionAttempt>,
}

impl ScheduleView {
    /// Its project.
    #[must_use]
    pub fn project(&self) -> &str {
        self.schedule.split_once('/').map_or("", |(project, _)| project)
    }
}

impl Coordinator {
    /// All schedules, by project and workflow.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn schedule_views(&self) -> Result<Vec<ScheduleView>, StartError> {
        let (stored, orders) = (self.schedules().await?, self.schedule_orders().await?);
        let views = stored.into_iter().map(|(schedule, json)| {
            let record: ScheduleRecord = serde_json::from_str(&json)?;
            let order = orders.get(&schedule).copied().unwrap_or_default();
            Ok(view(schedule, &record, order))
        });
        views.collect()
    }

    /// Keeps a schedule from starting anything, lets it go on, or leaves sessions out.
    ///
    /// # Errors
    /// There is no such schedule, or the store cannot be reached.
    pub async fn order_schedule(
        &self,
        project: &str,
        workflow: &str,
        change: ScheduleChange,
    ) -> Result<ScheduleView, StartError> {
        let key = format!("{project}/{workflow}");
        let revision = self.revision(project).await?;
        let compiled = Self::workflow_of(&revision, workflow)?;
        let unknown = || StartError::UnknownSchedule(key.clone());
        let schedule = schedule_of(&compiled)?.ok_or_else(unknown)?;
        let zone = zone_of(&compiled)?;
        let stored = self.schedules().await?;
        let (_, json) = stored.into_iter().find(|(found, _)| *found == key).ok_or_else(unknown)?;
        let mut record: ScheduleRecord = serde_json::from_str(&json)?;
        let before = self.schedule_orders().await?.remove(&key).unwrap_or_default();
        let now = self.now();
        let order = match change {
            ScheduleChange::Disable => {
                ScheduleOrder { disabled_at: before.disabled_at.or(Some(now)), ..before }
            }
            ScheduleChange::Enable { skip_missed: false } => {
                ScheduleOrder { disabled_at: None, ..before }
            }
            ScheduleChange::Enable { skip_missed: true } => {
                before.enabled_from(schedule.first(&zone, now).map(|next| next.session_time))
            }
            ScheduleChange::Skip { to: SkipTo::Time(time), run_at } => {
                ScheduleOrder { not_before: Some(time), run_at, ..before }
            }
            ScheduleChange::Skip { to: SkipTo::Sessions { count, from }, run_at } => {
                let not_before = skipped(&schedule, &zone, from.unwrap_or(now), count);
                ScheduleOrder { not_before, run_at, ..before }
            }
        };
        if order != before {
            let json = serde_json::to_string(&order)?;
            let kind = RecordKind::ScheduleOrder;
            self.store.put_record(self.epoch, kind, &key, Some(&json)).await?;
        }
        record.next = order.moved(&schedule, &zone, record.next);
        Ok(view(key, &record, order))
    }

    /// What people have said about schedules, by their keys.
    pub(crate) async fn schedule_orders(
        &self,
    ) -> Result<BTreeMap<String, ScheduleOrder>, StartError> {
        let stored = self.store.records(RecordKind::ScheduleOrder).await?;
        let parsed = stored.into_iter().map(|(key, json)| Ok((key, serde_json::from_str(&json)?)));
        parsed.collect()
    }

    /// All pushed projects.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectRecord>, StartError> {
        let (stored, mut pauses) = (self.store.projects().await?, self.pauses().await?);
        let projects = stored.iter().map(|(name, json)| {
            let record: ProjectRecord = serde_json::from_str(json)?;
            Ok(ProjectRecord { paused: pauses.remove(name), ..record })
        });
        projects.collect()
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

fn view(schedule: String, record: &ScheduleRecord, order: ScheduleOrder) -> ScheduleView {
    ScheduleView {
        schedule,
        last_session_time: record.last_session_time,
        next_session_time: record.next.map(|next| next.session_time),
        next_run_time: record.next.map(|next| next.run_time),
        disabled_at: order.disabled_at,
        waits_for: record.waits_for,
    }
}

/// Session time of the first session that is not left out (digdag `skipScheduleByCount`).
fn skipped(schedule: &Schedule, zone: &TimeZone, from: Timestamp, count: u32) -> Option<Timestamp> {
    let first = schedule.first(zone, from)?.session_time;
    (0..count.min(SKIP_MAX)).try_fold(first, |at, _| Some(schedule.next(zone, at)?.session_time))
}
