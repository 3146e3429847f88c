//! Starts the sessions of schedules, in the leading coordinator.
//!
//! One look a second over all pushed projects. A look is idempotent: what is due is started first and remembered then, and
//! a session that exists already counts as started, so a crash between the two starts nothing twice. What is remembered of
//! a schedule ([`ScheduleRecord`]) is written under the leader's epoch: a deposed leader cannot turn it back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use himekuri_schedule::{Cursor, Decision, Overtime, Schedule, Session, SkipReason};
use himekuri_workflow::compile_workflow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::coordinator::{Coordinator, ProjectRecord, StartError};
use crate::revision::ProjectRevision;
use crate::session::{SessionError, StartedBy, plan_session, rule_of, schedule_of, zone_of};
use crate::summary::{AttemptState, AttemptSummary, SessionAttempt};

mod order;
mod record;

pub use order::ScheduleOrder;
pub use record::ScheduleRecord;

/// How often schedules are looked at: digdag's period, and the precision of a start.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The schedules of all pushed projects.
pub struct Scheduler {
    coordinator: Coordinator,
    /// Revisions of projects, compiled once; `None` for one that cannot be read.
    compiled: BTreeMap<(String, String), Option<Arc<Scheduled>>>,
    /// What is remembered, as it is in the store; read once.
    records: Option<BTreeMap<String, ScheduleRecord>>,
}

/// A revision and its workflows with a schedule.
struct Scheduled {
    revision: ProjectRevision,
    workflows: Vec<ScheduledWorkflow>,
}

struct ScheduledWorkflow {
    name: String,
    schedule: Schedule,
    zone: TimeZone,
    /// Schedule and zone as written: a new text makes a new rule.
    rule: String,
}

impl Scheduler {
    /// A scheduler that has not looked yet.
    #[must_use]
    pub fn new(coordinator: Coordinator) -> Self {
        Self { coordinator, compiled: BTreeMap::new(), records: None }
    }

    /// Looks once a second until `stop`. A look that fails is logged, and the next one does its work.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            match self.run_once(self.coordinator.now()).await {
                Ok(_) => failing = false,
                // Said once for each outage, not once a second.
                Err(error) if !failing => {
                    failing = true;
                    tracing::error!("could not look at the schedules: {}", chain(&error));
                }
                Err(error) => tracing::debug!("still no look at the schedules: {error}"),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Starts what is due at `now`; returns how many sessions it started.
    ///
    /// # Errors
    /// The store cannot be reached, or the coordinator is stopping. What was started stays started.
    pub async fn run_once(&mut self, now: Timestamp) -> Result<usize, StartError> {
        if self.records.is_none() {
            self.records = Some(record::read(&self.coordinator).await?);
        }
        let projects = self.coordinator.projects().await?;
        let orders = self.coordinator.schedule_orders().await?;
        let mut known = BTreeSet::new();
        let mut started = 0;
        for project in &projects {
            let Some(scheduled) = self.scheduled(project).await? else { continue };
            for workflow in &scheduled.workflows {
                let key = format!("{}/{}", project.name, workflow.name);
                let order = orders.get(&key).copied().unwrap_or_default();
                let revision = &scheduled.revision;
                started += self.look(&key, project, revision, workflow, order, now).await?;
                known.insert(key);
            }
        }
        self.forget_others(&known).await?;
        let current: BTreeSet<_> = projects.iter().map(identity).collect();
        self.compiled.retain(|compiled, _| current.contains(compiled));
        Ok(started)
    }

    /// The schedules of a project's revision. One that this program cannot read is logged once and must not keep the other
    /// projects from running.
    async fn scheduled(
        &mut self,
        project: &ProjectRecord,
    ) -> Result<Option<Arc<Scheduled>>, StartError> {
        let key = identity(project);
        if let Some(known) = self.compiled.get(&key) {
            return Ok(known.clone());
        }
        let scheduled = match self.coordinator.revision_of(project.clone()).await {
            Ok(revision) => {
                let found = project.workflows.iter().filter_map(|name| compiled(&revision, name));
                Some(Arc::new(Scheduled { workflows: found.collect(), revision }))
            }
            Err(error @ (StartError::Store(_) | StartError::Stopping)) => return Err(error),
            Err(error) => {
                let name = &project.name;
                tracing::error!("the schedules of {name} do not run: {}", chain(&error));
                None
            }
        };
        self.compiled.insert(key, scheduled.clone());
        Ok(scheduled)
    }

    /// Decides about one schedule, starts its sessions, remembers.
    async fn look(
        &mut self,
        key: &str,
        project: &ProjectRecord,
        revision: &ProjectRevision,
        workflow: &ScheduledWorkflow,
        order: ScheduleOrder,
        now: Timestamp,
    ) -> Result<usize, StartError> {
        let before = self.records.as_ref().and_then(|records| records.get(key)).cloned();
        let mut record = current(before.as_ref(), workflow, project.pushed_at);
        order.obeyed(&mut record, &workflow.schedule, &workflow.zone);
        let mut started = 0;
        let may_start = order.disabled_at.is_none();
        if let Some(next) = record.next.filter(|next| may_start && next.run_time <= now) {
            record.waits_for = self.waits_for(project, workflow, &record).await?;
            if record.waits_for.is_none() {
                let cursor = Cursor { last_session_time: record.last_session_time, next };
                let overtime = self.overtime(project, workflow).await?;
                let decision = workflow.schedule.decide(&workflow.zone, cursor, now, overtime);
                let decision = one_at_a_time(&workflow.schedule, decision);
                for session in &decision.starts {
                    self.start(revision, workflow, *session, &mut record, now).await?;
                }
                started = decision.starts.len();
                log_skipped(key, &decision);
                record.next = decision.next;
            } else if record.waits_for != before.as_ref().and_then(|before| before.waits_for) {
                log_waiting(key, &record);
            }
        }
        if before.as_ref() != Some(&record) {
            self.coordinator.put_schedule(key, Some(&record)).await?;
            self.records.get_or_insert_default().insert(key.to_owned(), record);
        }
        Ok(started)
    }

    async fn start(
        &self,
        revision: &ProjectRevision,
        workflow: &ScheduledWorkflow,
        session: Session,
        record: &mut ScheduleRecord,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let plan = plan_session(&workflow.schedule, &workflow.zone, session);
        let mut plan = plan.map_err(SessionError::from)?;
        plan.last_executed = record.last_session_time;
        plan.started_by = StartedBy::Schedule;
        let local = plan.local_time.clone();
        let summary = AttemptSummary::new(revision, &workflow.name, plan, now);
        let started = self.coordinator.start_one(revision, summary).await?;
        record.last_session_time = Some(session.session_time);
        if started.created {
            let (project, workflow) = (&revision.project, &workflow.name);
            tracing::info!(
                attempt.id = %started.attempt,
                "the schedule of {project}/{workflow} started session {local}"
            );
        }
        Ok(())
    }

    /// The attempt that the next session waits for: that of the session before, unless this succeeded. Of several
    /// attempts the newest counts, so a retry with success lets the schedule go on.
    async fn waits_for(
        &self,
        project: &ProjectRecord,
        workflow: &ScheduledWorkflow,
        record: &ScheduleRecord,
    ) -> Result<Option<SessionAttempt>, StartError> {
        let depends = workflow.schedule.depends_on_previous();
        let Some(last) = record.last_session_time.filter(|_| depends) else {
            return Ok(None);
        };
        let attempts = self.coordinator.attempts_of(&project.name, &workflow.name, last).await?;
        Ok(attempts.first().and_then(|counts| match counts.state {
            AttemptState::Success => None,
            AttemptState::Running | AttemptState::Error | AttemptState::Canceled => {
                Some(SessionAttempt { attempt: counts.attempt, session_time: last })
            }
        }))
    }

    /// Whether an attempt of the workflow runs; looked up only where it matters.
    async fn overtime(
        &self,
        project: &ProjectRecord,
        workflow: &ScheduledWorkflow,
    ) -> Result<Overtime, StartError> {
        let running = workflow.schedule.skips_on_overtime()
            && self.coordinator.is_running(&project.name, &workflow.name).await?;
        Ok(if running { Overtime::Running } else { Overtime::Idle })
    }

    /// A schedule that was taken out of its workflow is forgotten: put in again, it begins anew, as in digdag.
    async fn forget_others(&mut self, known: &BTreeSet<String>) -> Result<(), StartError> {
        let records = self.records.get_or_insert_default();
        let gone: Vec<String> =
            records.keys().filter(|key| !known.contains(*key)).cloned().collect();
        for key in gone {
            self.coordinator.put_schedule(&key, None).await?;
            records.remove(&key);
        }
        Ok(())
    }
}

/// A revision of a project: the same files in two projects are one revision.
fn identity(project: &ProjectRecord) -> (String, String) {
    (project.name.clone(), project.revision.clone())
}

/// A workflow of a revision, if it has a schedule. The push has checked it; a newer program may see more.
fn compiled(revision: &ProjectRevision, name: &str) -> Option<ScheduledWorkflow> {
    let project = &revision.project;
    let workflow = compile_workflow(&revision.files, name).map_err(|problems| {
        tracing::error!("the schedule of {project}/{name} does not run: {problems}");
    });
    let workflow = workflow.ok()?;
    let read = schedule_of(&workflow).and_then(|schedule| Ok((schedule, zone_of(&workflow)?)));
    match read {
        Ok((schedule, zone)) => Some(ScheduledWorkflow {
            name: name.to_owned(),
            schedule: schedule?,
            zone,
            rule: rule_of(&workflow),
        }),
        Err(error) => {
            tracing::error!("the schedule of {project}/{name} does not run: {error}");
            None
        }
    }
}

/// The record to work from: the one before, or where a new or changed rule begins.
fn current(
    before: Option<&ScheduleRecord>,
    workflow: &ScheduledWorkflow,
    pushed_at: Timestamp,
) -> ScheduleRecord {
    match before {
        Some(record) if record.rule == workflow.rule => record.clone(),
        Some(_) | None => {
            let last = before.and_then(|record| record.last_session_time);
            let next = workflow.schedule.resume(&workflow.zone, last, pushed_at);
            let rule = workflow.rule.clone();
            ScheduleRecord { rule, last_session_time: last, next, waits_for: None }
        }
    }
}

/// Of sessions that depend on the one before, the first starts; the others wait for it.
fn one_at_a_time(schedule: &Schedule, decision: Decision) -> Decision {
    if !schedule.depends_on_previous() {
        return decision;
    }
    let second = decision.starts.get(1).copied();
    let first = decision.starts.first().copied();
    Decision { starts: Vec::from_iter(first), next: second.or(decision.next), ..decision }
}

fn log_waiting(key: &str, record: &ScheduleRecord) {
    if let (Some(waits_for), Some(next)) = (record.waits_for, record.next) {
        let (session, attempt) = (next.session_time, waits_for.attempt);
        tracing::info!(
            "session {session} of {key} waits for the success of the one before (attempt {attempt}, `depends_on_previous`)"
        );
    }
}

fn log_skipped(key: &str, decision: &Decision) {
    for (session, reason) in &decision.skipped {
        let why = match reason {
            SkipReason::Delayed => "it is later than `skip_delayed_by` allows",
            SkipReason::CatchUp => "`catch_up` does not ask for it",
            SkipReason::Overtime => "an earlier attempt still runs (`skip_on_overtime`)",
        };
        tracing::warn!("the schedule of {key} left out session {}: {why}", session.session_time);
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
