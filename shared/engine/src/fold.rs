//! The fold: one record changes the state, the same way when it is decided and when the log is replayed.
//!
//! A record is checked against the state it meets (`legal.rs`). A log that does not fit is refused with both sides
//! named; it is never bent into shape. What a record means for the tasks around its own is in `subtasks.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use himekuri_protocol::{JobStatistics, TaskId, TryNo};
use jiff::Timestamp;

use crate::attempt::{Attempt, Failure, Index, Mover, Task};
use crate::history::History;
#[cfg(debug_assertions)]
use crate::invariants;
use crate::params::CommonParams;
use crate::record::{AttemptStarted, LOG_VERSION, Record};
use crate::state::{Phase, TaskState};
use crate::tick;

mod kill;
mod legal;
mod subtasks;

pub(crate) use subtasks::remains;

/// Why a log cannot be folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The log is empty or does not begin with its start.
    #[error("the log does not begin with `attempt_started`")]
    NoStart,
    /// Written by a newer program.
    #[error(
        "the log has version {found}, this program reads up to {LOG_VERSION}; upgrade the coordinator"
    )]
    Newer {
        /// Version of the log.
        found: u16,
    },
    /// A record names a task that no earlier record made.
    #[error("record {at} names task {task}, which does not exist")]
    UnknownTask {
        /// Place in the log, from 0.
        at: u64,
        /// The task.
        task: TaskId,
    },
    /// A record that the task's state does not allow.
    #[error("record {at} says `{record}`, but task {task} is `{state}`")]
    IllegalMove {
        /// Place in the log, from 0.
        at: u64,
        /// The record.
        record: &'static str,
        /// The task.
        task: TaskId,
        /// Its state.
        state: &'static str,
    },
    /// Subtasks whose ids do not follow on from those there are.
    #[error(
        "record {at} gives the subtasks of task {task} ids from {first}, but the next id is {expected}"
    )]
    WrongIds {
        /// Place in the log, from 0.
        at: u64,
        /// The parent.
        task: TaskId,
        /// As recorded.
        first: TaskId,
        /// By the state.
        expected: TaskId,
    },
    /// A try that is not the next one of its task: a job id would be used twice, or two jobs could run at once.
    #[error("record {at} dispatches try {found} of task {task}, but its next try is {expected}")]
    WrongTry {
        /// Place in the log, from 0.
        at: u64,
        /// The task.
        task: TaskId,
        /// As recorded.
        found: TryNo,
        /// By the state.
        expected: TryNo,
    },
    /// A record after the end of the attempt.
    #[error("record {at} says `{record}`, but the attempt has ended")]
    Ended {
        /// Place in the log, from 0.
        at: u64,
        /// The record.
        record: &'static str,
    },
}

impl Attempt {
    /// A new attempt: the fold of its first record.
    #[must_use]
    pub fn begin(started: AttemptStarted) -> Self {
        let root = Task::new(TaskId::ROOT, None, &started.root.name, Arc::clone(&started.root));
        let mut attempt = Self {
            started,
            tasks: BTreeMap::from([(TaskId::ROOT, Box::new(root))]),
            history: History::default(),
            next_id: TaskId(1),
            outcome: None,
            killed: None,
            length: 1,
            missed_sla: BTreeSet::new(),
            resume_used: BTreeSet::new(),
            bytes_billed: 0,
            common_params: CommonParams::default(),
            index: Index::default(),
        };
        attempt.make_ready(TaskId::ROOT);
        attempt
    }

    /// The state that a stored log leads to, with all tasks that have ended.
    ///
    /// # Errors
    /// A log that does not begin with its start, is newer than this program, or contradicts itself.
    pub fn replay(log: impl IntoIterator<Item = Record>) -> Result<Self, ReplayError> {
        Self::fold(log, |_| ())
    }

    /// The same state, for going on from it: with nothing but what is left to do.
    ///
    /// # Errors
    /// As [`Attempt::replay`].
    pub fn recover(log: impl IntoIterator<Item = Record>) -> Result<Self, ReplayError> {
        Self::fold(log, Self::forget_ended)
    }

    fn fold(
        log: impl IntoIterator<Item = Record>,
        after_each: impl Fn(&mut Self),
    ) -> Result<Self, ReplayError> {
        let mut log = log.into_iter();
        let mut attempt = Self::begin_from(log.next())?;
        attempt.go_on(log, after_each)?;
        Ok(attempt)
    }

    /// The state after the first record of a log.
    pub(crate) fn begin_from(first: Option<Record>) -> Result<Self, ReplayError> {
        let Some(Record::AttemptStarted(started)) = first else {
            return Err(ReplayError::NoStart);
        };
        if started.version > LOG_VERSION {
            return Err(ReplayError::Newer { found: started.version });
        }
        Ok(Self::begin(*started))
    }

    pub(crate) fn go_on(
        &mut self,
        behind: impl IntoIterator<Item = Record>,
        after_each: impl Fn(&mut Self),
    ) -> Result<(), ReplayError> {
        for record in behind {
            self.apply(&record)?;
            after_each(self);
        }
        Ok(())
    }

    /// Changes the state by one record.
    ///
    /// # Errors
    /// A record that does not fit the state; nothing is changed then.
    pub(crate) fn apply(&mut self, record: &Record) -> Result<(), ReplayError> {
        self.check(record)?;
        self.change(record);
        self.length += 1;
        #[cfg(debug_assertions)]
        invariants::assert_sampled(self, record);
        Ok(())
    }

    fn change(&mut self, record: &Record) {
        self.begin_task(record.task());
        match record {
            // The first record makes the attempt; `check` refuses any other.
            Record::AttemptStarted(_) => {}
            Record::Expanded { task, at, first: _, expansion } => {
                self.leave_indexes(*task);
                self.expand(*task, *at, expansion);
            }
            Record::Resumed { task, at } => self.resume(*task, *at),
            Record::NotResumed { task, at: _, because: _ } => {
                self.leave_indexes(*task);
                self.use_resumed(*task);
                self.enter_index(*task);
            }
            Record::Resolved { task, at: _, operator } => {
                self.leave_indexes(*task);
                self.update(*task, |node| node.resolved = Some(operator.clone()));
                self.enter_index(*task);
            }
            Record::Waiting { task, at, until } => {
                self.leave_indexes(*task);
                self.set_timer(*task, Some(*until));
                self.update(*task, |node| {
                    node.state = TaskState::Waiting { until: *until };
                    node.started_at.get_or_insert(*at);
                });
                self.count_time(*task);
            }
            Record::Requiring { task, at, try_no, required } => {
                self.leave_indexes(*task);
                self.index.requiring.insert(*task);
                self.update(*task, |node| {
                    let requirement = Arc::clone(required);
                    node.state = TaskState::Requiring { requirement, attempt: None, kicked: false };
                    node.last_try = Some(*try_no);
                    node.started_at.get_or_insert(*at);
                });
                self.count_time(*task);
            }
            Record::Joined { task, at: _, attempt: joined, kicked: started } => {
                self.update(*task, |node| {
                    if let TaskState::Requiring { attempt, kicked, .. } = &mut node.state {
                        (*attempt, *kicked) = (Some(*joined), *started);
                    }
                });
            }
            Record::Dispatched { task, at, try_no, destination, job, timeout_at } => {
                self.leave_indexes(*task);
                self.index.running.insert(*task);
                self.update(*task, |node| {
                    let since = node.state.out_since(*try_no).unwrap_or(*at);
                    node.state =
                        TaskState::Running { try_no: *try_no, since, phase: Phase::Dispatched };
                    node.last_try = Some(*try_no);
                    node.started_at.get_or_insert(*at);
                    node.destination.clone_from(destination);
                    node.sent_job.clone_from(job);
                });
                let lost_at = self.live(*task).and_then(|node| tick::lost_at(node, *at));
                self.set_timer(*task, lost_at);
                self.set_timeout(*task, *timeout_at);
                self.count_time(*task);
            }
            Record::Submitted { task, at: _, job } => self.submitted(*task, job),
            Record::Unreachable { task, at: _, again_at, times } => {
                let again_at = *again_at;
                self.set_timer(*task, Some(again_at));
                self.set_phase(*task, Phase::Unreachable { again_at }, *times);
            }
            Record::Canceling { task, at, because } => self.cancel(*task, *at, because.clone()),
            Record::Succeeded { task, at, store_params, job } => {
                // That of a task with `_check` was counted when the check began.
                if self.live(*task).is_none_or(|node| !node.subtasks.checked) {
                    self.count_billed(job.as_ref());
                }
                self.update(*task, |node| {
                    node.job.clone_from(job);
                    node.store.clone_from(store_params);
                });
                self.end(*task, *at, TaskState::Success);
            }
            Record::Checking { task, at, first: _, definition, store_params, job } => {
                self.common_params.clear();
                self.count_billed(job.as_ref());
                self.update(*task, |node| {
                    // A task that waited for its subtasks has stored nothing itself.
                    node.job.clone_from(job);
                    node.store.clone_from(store_params);
                });
                self.add_check(*task, *at, definition);
            }
            Record::RetryScheduled { task, at: _, retry_at, retry_count, error } => {
                self.leave_indexes(*task);
                self.set_timer(*task, Some(*retry_at));
                self.update(*task, |node| {
                    node.retry_count = *retry_count;
                    node.unreachable = 0;
                    node.state =
                        TaskState::RetryWaiting { retry_at: *retry_at, error: error.clone() };
                });
                self.count_time(*task);
            }
            Record::Retried { task, at: _ } => {
                self.common_params.clear();
                self.leave_indexes(*task);
                self.drop_subtasks(*task);
                self.make_ready(*task);
            }
            Record::Failing { task, at, first: _, definition, export, error } => {
                let failure = error.clone().map_or(Failure::Below, Failure::Own);
                self.update(*task, |node| node.failure = Some(failure));
                self.add_error(*task, *at, definition, export);
            }
            Record::Failed { task, at, error } => {
                let error = error.clone();
                self.end(*task, *at, TaskState::Error { error });
            }
            Record::GroupFailed { task, at } => self.end(*task, *at, TaskState::GroupError),
            Record::SlaMissed { at, first: _, sla } => {
                self.missed_sla.insert(*sla);
                let entry =
                    usize::try_from(*sla).ok().and_then(|place| self.started.sla.get(place));
                if let Some(entry) = entry.cloned() {
                    self.add_sla(*sla, *at, &entry);
                }
            }
            Record::KillRequested { at, reason } => self.kill_all(*at, reason),
            Record::Canceled { task, at, job } => {
                self.count_billed(job.as_ref());
                self.update(*task, |node| node.job = job.clone().or(node.job.take()));
                self.end(*task, *at, TaskState::Canceled);
            }
            Record::AttemptFinished { at, outcome } => self.outcome = Some((*outcome, *at)),
        }
    }

    fn count_billed(&mut self, job: Option<&JobStatistics>) {
        let billed = job.and_then(|job| job.total_bytes_billed).unwrap_or(0);
        self.bytes_billed = self.bytes_billed.saturating_add(billed);
    }

    /// Ends a task as the earlier attempt has ended it.
    fn resume(&mut self, id: TaskId, at: Timestamp) {
        let resumed = self.task(id).and_then(|task| self.resumed_task(task)).cloned();
        let Some(resumed) = resumed else { return };
        self.use_resumed(id);
        self.update(id, |node| {
            node.resumed = true;
            node.started_at = Some(at);
            node.store = resumed.store_params;
            node.destination = resumed.destination;
            node.job = resumed.job;
        });
        self.end(id, at, TaskState::Success);
    }

    fn use_resumed(&mut self, id: TaskId) {
        if let Some(name) = self.task(id).map(|task| task.full_name.clone()) {
            self.resume_used.insert(name);
        }
    }

    fn update(&mut self, task: TaskId, change: impl FnOnce(&mut Task)) {
        if let Some(node) = self.tasks.get_mut(&task) {
            change(node);
        }
    }

    fn set_phase(&mut self, task: TaskId, new: Phase, unreachable: u32) {
        self.update(task, |node| {
            if let TaskState::Running { phase, .. } = &mut node.state {
                *phase = new;
            }
            node.unreachable = unreachable;
        });
    }

    fn make_ready(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = TaskState::Ready;
        task.resolved = None;
        self.enter_index(id);
    }

    fn enter_index(&mut self, id: TaskId) {
        if self.live(id).is_some_and(|task| self.resumed_task(task).is_some()) {
            self.index.resumable.insert(id);
            return;
        }
        match self.live(id).map(Task::mover) {
            Some(Mover::Advance) => self.index.expandable.insert(id),
            Some(Mover::Dispatch) => self.index.dispatchable.insert(id),
            None => false,
        };
    }

    fn leave_indexes(&mut self, id: TaskId) {
        self.index.resumable.remove(&id);
        self.index.expandable.remove(&id);
        self.index.dispatchable.remove(&id);
        self.index.settled.remove(&id);
        self.index.running.remove(&id);
        self.index.requiring.remove(&id);
        self.set_timer(id, None);
        self.set_timeout(id, None);
        if let Some(started_at) = self.live(id).and_then(|task| task.started_at) {
            self.index.begun.remove(&(started_at, id));
        }
    }

    fn set_timer(&mut self, id: TaskId, due: Option<Timestamp>) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut task.timer, due) {
            self.index.timers.remove(&(old, id));
        }
        if let Some(due) = due {
            self.index.timers.insert((due, id));
        }
    }
}
