//! How every workflow does: from schedules and attempts to a line for each.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_coordinator::{AttemptState, AttemptSummary, ScheduleView, StartedBy};
use himekuri_engine::KillReason;
use himekuri_protocol::AttemptId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::commands::attempts::state_name;
use crate::output::counted;

/// How far back attempts are looked at: a run of yesterday morning is news until today's.
pub(super) const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// How long after its run time a session may begin. A takeover takes seconds, a start of all titles at once some more.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How a workflow does, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// The newest attempt of its newest session failed, or that of another session of the last day.
    Failed,
    /// The time of a session has passed, and it has no attempt.
    Late,
    /// Its newest session runs.
    Running,
    /// Somebody killed its newest session.
    Killed,
    /// Its newest session succeeded.
    Ok,
    /// It has a schedule and no session yet.
    Waiting,
}

/// One workflow of one title.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) health: Health,
    pub(super) project: String,
    pub(super) workflow: String,
    /// The newest session, in the workflow's zone.
    pub(super) session: Option<String>,
    /// Its newest attempt.
    pub(super) attempt: Option<AttemptId>,
    /// That attempt's state.
    pub(super) state: Option<&'static str>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) next_session_time: Option<Timestamp>,
    pub(super) next_run_time: Option<Timestamp>,
    /// What the rest does not say.
    pub(super) notes: Vec<String>,
}

/// All lines, the worst first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Board {
    pub(super) lines: Vec<Line>,
}

/// What belongs to one workflow.
#[derive(Default)]
struct Workflow<'a> {
    schedule: Option<&'a ScheduleView>,
    /// The newest attempt of each session.
    sessions: BTreeMap<Timestamp, &'a AttemptSummary>,
    /// Whether something of it happened in the last day.
    is_recent: bool,
}

impl Board {
    pub(super) fn of(
        schedules: &[ScheduleView],
        attempts: &[AttemptSummary],
        now: Timestamp,
    ) -> Self {
        let mut workflows: BTreeMap<(&str, &str), Workflow<'_>> = BTreeMap::new();
        for schedule in schedules {
            // The name of a project holds no slash.
            let key = schedule.schedule.split_once('/').unwrap_or((&schedule.schedule, ""));
            workflows.entry(key).or_default().schedule = Some(schedule);
        }
        for attempt in attempts {
            let key = (attempt.project.as_str(), attempt.workflow.as_str());
            let workflow = workflows.entry(key).or_default();
            workflow.is_recent |= is_recent(attempt, now);
            let newest = workflow.sessions.entry(attempt.session_time).or_insert(attempt);
            if newest.attempt < attempt.attempt {
                *newest = attempt;
            }
        }
        let shown = workflows.into_iter().filter(|(_, w)| w.schedule.is_some() || w.is_recent);
        let mut lines: Vec<Line> =
            shown.map(|((project, workflow), found)| found.line(project, workflow, now)).collect();
        // The sort keeps the order of names among equals.
        lines.sort_by_key(|line| line.health);
        Self { lines }
    }

    /// Something that is true of all workflows of a title; it comes first.
    pub(super) fn note(&mut self, project: &str, note: &str) {
        for line in self.lines.iter_mut().filter(|line| line.project == project) {
            line.notes.insert(0, note.to_owned());
        }
    }

    /// Whether somebody should look at it.
    pub(super) fn has_trouble(&self) -> bool {
        self.lines.iter().any(|line| match line.health {
            Health::Failed | Health::Late => true,
            Health::Running | Health::Killed | Health::Ok | Health::Waiting => false,
        })
    }

    /// `27 titles: 24 ok, 1 running, 1 failed, 1 late`: a title counts once, as its worst workflow.
    pub(super) fn summary(&self) -> String {
        let mut titles: BTreeMap<&str, Health> = BTreeMap::new();
        for line in &self.lines {
            let worst = titles.entry(&line.project).or_insert(line.health);
            *worst = line.health.min(*worst);
        }
        let order = [
            Health::Ok,
            Health::Running,
            Health::Failed,
            Health::Late,
            Health::Killed,
            Health::Waiting,
        ];
        let counts = order.into_iter().filter_map(|health| {
            let count = titles.values().filter(|worst| **worst == health).count();
            (count > 0).then(|| format!("{count} {}", health.word()))
        });
        match titles.len() {
            0 => "no title has a schedule, or an attempt of the last 24 hours".to_owned(),
            all => format!("{}: {}", counted(all, "title"), counts.collect::<Vec<_>>().join(", ")),
        }
    }
}

impl Health {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Late => "late",
            Self::Running => "running",
            Self::Killed => "killed",
            Self::Ok => "ok",
            Self::Waiting => "waiting",
        }
    }

    /// An attempt's end by a time limit is nobody's wish.
    fn of(attempt: &AttemptSummary) -> Self {
        match (attempt.state, attempt.kill.as_ref().map(|kill| &kill.reason)) {
            (AttemptState::Running, _) => Self::Running,
            (AttemptState::Success, _) => Self::Ok,
            (AttemptState::Error, _)
            | (
                AttemptState::Canceled,
                Some(KillReason::AttemptTimeLimit | KillReason::TaskTimeLimit { .. }),
            ) => Self::Failed,
            (AttemptState::Canceled, Some(KillReason::Requested { .. }) | None) => Self::Killed,
        }
    }
}

impl Workflow<'_> {
    fn line(&self, project: &str, workflow: &str, now: Timestamp) -> Line {
        let newest = self.sessions.last_key_value().map(|(_, attempt)| *attempt);
        let earlier = self.failed_before(newest, now);
        let late = self.late(now);
        let own = newest.map_or(Health::Waiting, Health::of);
        let worst = [
            Some(own),
            (!earlier.is_empty()).then_some(Health::Failed),
            late.is_some().then_some(Health::Late),
        ];
        Line {
            health: worst.into_iter().flatten().min().unwrap_or(own),
            project: project.to_owned(),
            workflow: workflow.to_owned(),
            session: newest.map(|attempt| attempt.session_local_time.clone()),
            attempt: newest.map(|attempt| attempt.attempt),
            state: newest.map(state_name),
            started_at: newest.map(|attempt| attempt.requested_at),
            ended_at: newest.and_then(|attempt| attempt.ended_at),
            next_session_time: self.schedule.and_then(|schedule| schedule.next_session_time),
            next_run_time: self.schedule.and_then(|schedule| schedule.next_run_time),
            notes: late.into_iter().chain(self.disabled()).chain(note(&earlier)).collect(),
        }
    }

    /// Why the next session is late, if it is.
    fn late(&self, now: Timestamp) -> Option<String> {
        let schedule = self.schedule?;
        let (session, due) = (schedule.next_session_time?, schedule.next_run_time?);
        let is_late = now.duration_since(due) > LATE_AFTER
            && schedule.disabled_at.is_none()
            && !self.sessions.contains_key(&session);
        is_late.then(|| match schedule.waits_for {
            Some(waits_for) => format!("its next session waits for attempt {}", waits_for.attempt),
            None => "its next session should have begun".to_owned(),
        })
    }

    fn disabled(&self) -> Option<String> {
        self.schedule?.disabled_at?;
        Some("its schedule is disabled".to_owned())
    }

    /// Other sessions of the last day that failed. A backfill counts its failures itself.
    fn failed_before(
        &self,
        newest: Option<&AttemptSummary>,
        now: Timestamp,
    ) -> BTreeSet<AttemptId> {
        let others = self.sessions.values().filter(|attempt| {
            newest.is_none_or(|newest| newest.attempt != attempt.attempt)
                && attempt.started_by != StartedBy::Backfill
                && is_recent(attempt, now)
                && Health::of(attempt) == Health::Failed
        });
        others.map(|attempt| attempt.attempt).collect()
    }
}

fn note(earlier: &BTreeSet<AttemptId>) -> Option<String> {
    let first = earlier.first()?;
    let sessions = counted(earlier.len(), "earlier session");
    let more = if earlier.len() > 1 { ", ..." } else { "" };
    Some(format!("{sessions} failed: attempt {first}{more}"))
}

fn is_recent(attempt: &AttemptSummary, now: Timestamp) -> bool {
    let last = attempt.ended_at.unwrap_or(now);
    now.duration_since(last) <= RECENT
}

#[cfg(test)]
mod tests;
