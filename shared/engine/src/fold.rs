//! The fold: one record changes the state, the same way when it is decided and when the log is replayed.
//!
//! A record is checked against the state it meets. A log that does not fit is refused with both sides named; it is
//! never bent into shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskId};
use himekuri_workflow::{Parallel, Positions, TaskDefinition, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::Config;
use crate::attempt::{Attempt, Index, Mover, Subtasks, Task};
use crate::merge::merge;
use crate::record::{AttemptStarted, Expansion, LOG_VERSION, Record};
use crate::state::{Phase, TaskState};

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
}

impl Attempt {
    /// A new attempt: the fold of its first record.
    #[must_use]
    pub fn begin(started: AttemptStarted) -> Self {
        let root = Task::new(
            TaskId::ROOT,
            None,
            &started.root.name,
            Arc::clone(&started.root),
        );
        let mut attempt = Self {
            started,
            tasks: BTreeMap::from([(TaskId::ROOT, root)]),
            next_id: TaskId(1),
            outcome: None,
            length: 1,
            index: Index::default(),
        };
        attempt.make_ready(TaskId::ROOT);
        attempt
    }

    /// The state that a stored log leads to.
    ///
    /// # Errors
    /// A log that does not begin with its start, is newer than this program, or contradicts itself.
    pub fn replay(log: impl IntoIterator<Item = Record>) -> Result<Self, ReplayError> {
        let mut log = log.into_iter();
        let Some(Record::AttemptStarted(started)) = log.next() else {
            return Err(ReplayError::NoStart);
        };
        if started.version > LOG_VERSION {
            return Err(ReplayError::Newer {
                found: started.version,
            });
        }
        let mut attempt = Self::begin(*started);
        for record in log {
            attempt.apply(&record)?;
        }
        Ok(attempt)
    }

    /// Changes the state by one record.
    ///
    /// # Errors
    /// A record that does not fit the state; nothing is changed then.
    pub(crate) fn apply(&mut self, record: &Record) -> Result<(), ReplayError> {
        match record {
            Record::AttemptStarted(_) => {
                return Err(self.illegal("attempt_started", TaskId::ROOT));
            }
            Record::Expanded {
                task,
                at,
                first,
                expansion,
            } => {
                self.expect(*task, "expanded", |state| matches!(state, TaskState::Ready))?;
                self.expand(*task, *at, *first, expansion);
            }
            Record::Dispatched {
                task,
                at,
                try_no,
                destination,
                job: _,
            } => {
                let node = self.expect(*task, "dispatched", may_be_dispatched)?;
                let phase = Phase::Dispatched;
                node.state = TaskState::Running {
                    try_no: *try_no,
                    since: *at,
                    phase,
                };
                node.last_try = Some(*try_no);
                node.started_at.get_or_insert(*at);
                node.destination.clone_from(destination);
                self.leave_indexes(*task);
                self.index.running.insert(*task);
            }
            Record::Submitted { task, at: _, job } => {
                self.set_phase(*task, "submitted", Phase::Submitted { job: job.clone() })?;
            }
            Record::Unreachable {
                task,
                at: _,
                again_at,
                times,
            } => {
                self.set_phase(
                    *task,
                    "unreachable",
                    Phase::Unreachable {
                        again_at: *again_at,
                    },
                )?;
                self.set_timer(*task, Some(*again_at));
                if let Some(node) = self.tasks.get_mut(task) {
                    node.unreachable = *times;
                }
            }
            Record::Succeeded {
                task,
                at,
                store_params,
                job,
            } => {
                let node = self.expect(*task, "succeeded", may_succeed)?;
                node.job.clone_from(job);
                node.store.clone_from(store_params);
                self.end(*task, *at, TaskState::Success);
            }
            Record::RetryScheduled {
                task,
                at: _,
                retry_at,
                retry_count,
                error,
            } => {
                let node = self.expect(*task, "retry_scheduled", may_fail)?;
                node.retry_count = *retry_count;
                node.state = TaskState::RetryWaiting {
                    retry_at: *retry_at,
                    error: error.clone(),
                };
                self.leave_indexes(*task);
                self.set_timer(*task, Some(*retry_at));
            }
            Record::Retried { task, at: _ } => {
                self.expect(*task, "retried", |s| {
                    matches!(s, TaskState::RetryWaiting { .. })
                })?;
                self.set_timer(*task, None);
                self.drop_subtasks(*task);
                self.make_ready(*task);
            }
            Record::Failed { task, at, error } => {
                self.expect(*task, "failed", may_fail)?;
                self.end(
                    *task,
                    *at,
                    TaskState::Error {
                        error: error.clone(),
                    },
                );
            }
            Record::GroupFailed { task, at } => {
                self.expect(*task, "group_failed", |s| matches!(s, TaskState::Planned))?;
                self.end(*task, *at, TaskState::GroupError);
            }
            Record::AttemptFinished { at, outcome } => {
                self.expect(TaskId::ROOT, "attempt_finished", TaskState::is_final)?;
                self.outcome = Some((*outcome, *at));
            }
        }
        self.length += 1;
        Ok(())
    }

    fn expect(
        &mut self,
        task: TaskId,
        record: &'static str,
        allowed: impl Fn(&TaskState) -> bool,
    ) -> Result<&mut Task, ReplayError> {
        let at = self.length;
        let found = self
            .tasks
            .get_mut(&task)
            .ok_or(ReplayError::UnknownTask { at, task })?;
        if !allowed(&found.state) {
            let state = found.state.name();
            return Err(ReplayError::IllegalMove {
                at,
                record,
                task,
                state,
            });
        }
        Ok(found)
    }

    fn illegal(&self, record: &'static str, task: TaskId) -> ReplayError {
        let state = self
            .tasks
            .get(&task)
            .map_or("missing", |task| task.state.name());
        ReplayError::IllegalMove {
            at: self.length,
            record,
            task,
            state,
        }
    }

    fn set_phase(
        &mut self,
        task: TaskId,
        record: &'static str,
        new: Phase,
    ) -> Result<(), ReplayError> {
        let node = self.expect(task, record, |s| matches!(s, TaskState::Running { .. }))?;
        if let TaskState::Running { phase, .. } = &mut node.state {
            *phase = new;
        }
        node.unreachable = 0;
        self.set_timer(task, None);
        Ok(())
    }

    fn expand(&mut self, task: TaskId, at: Timestamp, first: TaskId, expansion: &Expansion) {
        self.index.expandable.remove(&task);
        self.next_id = self.next_id.max(first);
        let Some(parent) = self.tasks.get_mut(&task) else {
            return;
        };
        parent.state = TaskState::Planned;
        parent.started_at.get_or_insert(at);
        let definition = Arc::clone(&parent.definition);
        match expansion {
            Expansion::Children => {
                let TaskKind::Group { children, parallel } = &definition.kind else {
                    return;
                };
                let ids = children
                    .iter()
                    .map(|child| self.add(task, &child.name, Arc::clone(child), Config::new()));
                let ids = ids.collect();
                self.plan(task, ids, *parallel);
            }
            Expansion::Sub { definition } => {
                let sub = self.add(task, "^sub", Arc::clone(definition), Config::new());
                self.plan(task, vec![sub], Parallel::No);
            }
            Expansion::Loop {
                count,
                parallel,
                body,
            } => {
                let sub = self.add(task, "^sub", loop_group(body, *parallel), Config::new());
                let ids = (0..*count).map(|i| {
                    let export = Config::from_iter([("i".to_owned(), Value::from(i))]);
                    self.add(sub, &format!("+loop-{i}"), Arc::clone(body), export)
                });
                let ids = ids.collect();
                self.plan(task, vec![sub], Parallel::No);
                self.index.expandable.remove(&sub);
                if let Some(group) = self.tasks.get_mut(&sub) {
                    group.state = TaskState::Planned;
                    group.started_at = Some(at);
                }
                self.plan(sub, ids, *parallel);
            }
        }
    }

    fn add(
        &mut self,
        parent: TaskId,
        name: &str,
        definition: Arc<TaskDefinition>,
        export: Config,
    ) -> TaskId {
        let id = self.next_id;
        self.next_id = TaskId(id.0.saturating_add(1));
        let mut task = Task::new(id, self.tasks.get(&parent), name, definition);
        task.export = export;
        self.tasks.insert(id, task);
        id
    }

    fn plan(&mut self, task: TaskId, ids: Vec<TaskId>, parallel: Parallel) {
        let Some(parent) = self.tasks.get_mut(&task) else {
            return;
        };
        parent.subtasks = Subtasks {
            ids,
            parallel,
            ..Subtasks::default()
        };
        self.release_subtasks(task);
    }

    /// Makes those children ready that wait for nothing any more; notes a parent of which nothing runs.
    fn release_subtasks(&mut self, parent: TaskId) {
        loop {
            let Some(node) = self.tasks.get_mut(&parent) else {
                return;
            };
            let subtasks = &mut node.subtasks;
            let room = match subtasks.parallel {
                Parallel::No => subtasks.active == 0,
                Parallel::Yes => true,
                Parallel::Limit(limit) => subtasks.active < limit as usize,
            };
            let next = subtasks.ids.get(subtasks.released).copied();
            let Some(next) = next.filter(|_| room && !subtasks.failed) else {
                if subtasks.active == 0 {
                    self.index.settled.insert(parent);
                }
                return;
            };
            subtasks.released += 1;
            subtasks.active += 1;
            self.make_ready(next);
        }
    }

    fn make_ready(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = TaskState::Ready;
        match task.mover() {
            Mover::Advance => self.index.expandable.insert(id),
            Mover::Dispatch => self.index.dispatchable.insert(id),
        };
    }

    /// Ends a task and tells its parent.
    fn end(&mut self, id: TaskId, at: Timestamp, state: TaskState) {
        self.leave_indexes(id);
        let succeeded = state == TaskState::Success;
        let stored = if succeeded {
            self.collect_stores(id)
        } else {
            StoreParams::new()
        };
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = state;
        task.ended_at = Some(at);
        task.subtree_store.clone_from(&stored);
        let Some(parent) = task.parent else { return };
        if let Some(parent) = self.tasks.get_mut(&parent) {
            parent.subtasks.active = parent.subtasks.active.saturating_sub(1);
            parent.subtasks.failed |= !succeeded;
            if parent.subtasks.parallel == Parallel::No {
                merge(&mut parent.subtasks.earlier_stores, &stored);
            }
        }
        self.release_subtasks(parent);
    }

    /// What a task and everything below it stored: depth first, in order of definition, so that of parallel tasks the
    /// last defined wins, whichever ended last (digdag reference 2.3).
    fn collect_stores(&self, id: TaskId) -> StoreParams {
        let Some(task) = self.tasks.get(&id) else {
            return StoreParams::new();
        };
        let mut stored = task.store.clone();
        for child in task
            .subtasks
            .ids
            .iter()
            .filter_map(|child| self.tasks.get(child))
        {
            merge(&mut stored, &child.subtree_store);
        }
        stored
    }

    /// Takes the subtasks of a failed run away, remembering their tries so that no job id comes twice.
    fn drop_subtasks(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        let subtasks = std::mem::take(&mut task.subtasks);
        for child in subtasks.ids {
            self.drop_subtasks(child);
            self.leave_indexes(child);
            if let Some(child) = self.tasks.remove(&child)
                && let Some(last) = child.last_try
            {
                self.index.earlier_tries.insert(child.full_name, last);
            }
        }
    }

    fn leave_indexes(&mut self, id: TaskId) {
        self.index.expandable.remove(&id);
        self.index.dispatchable.remove(&id);
        self.index.settled.remove(&id);
        self.index.running.remove(&id);
        self.set_timer(id, None);
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

/// The synthetic group around a loop's iterations: digdag's generated `^sub`.
fn loop_group(body: &TaskDefinition, parallel: Parallel) -> Arc<TaskDefinition> {
    Arc::new(TaskDefinition {
        name: "^sub".to_owned(),
        position: body.position.clone(),
        kind: TaskKind::Group {
            children: Vec::new(),
            parallel,
        },
        export: Config::new(),
        retry: None,
        positions: Positions::default(),
        workdir: body.workdir.clone(),
    })
}

fn may_be_dispatched(state: &TaskState) -> bool {
    match state {
        TaskState::Ready
        | TaskState::Running {
            phase: Phase::Unreachable { .. },
            ..
        } => true,
        TaskState::Running {
            phase: Phase::Dispatched | Phase::Submitted { .. },
            ..
        }
        | TaskState::Blocked
        | TaskState::RetryWaiting { .. }
        | TaskState::Planned
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError => false,
    }
}

fn may_succeed(state: &TaskState) -> bool {
    match state {
        TaskState::Running { .. } | TaskState::Planned => true,
        TaskState::Blocked
        | TaskState::Ready
        | TaskState::RetryWaiting { .. }
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError => false,
    }
}

/// Also from `Ready`: an expression that fails leaves nothing to dispatch.
fn may_fail(state: &TaskState) -> bool {
    may_succeed(state) || *state == TaskState::Ready
}
