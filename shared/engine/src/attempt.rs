//! The state of an attempt: the fold of its log, with indexes of what may happen next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use himekuri_protocol::{
    JobReference, JobStatistics, StoreParams, TableReference, TaskError, TaskId, TryNo,
};
use himekuri_workflow::{TaskDefinition, TaskKind};
use jiff::Timestamp;

use crate::context::SessionClock;
use crate::exported::Exported;
use crate::operators;
use crate::params::CommonParams;
use crate::record::{AttemptOutcome, AttemptStarted, KillReason};
use crate::state::{Phase, TaskState};
use crate::subtasks::{Sight, Subtasks};

/// One execution of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub(crate) started: AttemptStarted,
    /// Boxed: a task is large, and the map moves its entries while it grows.
    pub(crate) tasks: BTreeMap<TaskId, Box<Task>>,
    pub(crate) next_id: TaskId,
    pub(crate) outcome: Option<(AttemptOutcome, Timestamp)>,
    /// Why and when it was killed. From then on nothing begins.
    pub(crate) killed: Option<(KillReason, Timestamp)>,
    /// Records folded so far: the length of the log.
    pub(crate) length: u64,
    /// Entries of `sla` whose time has passed, by their place.
    pub(crate) missed_sla: BTreeSet<u32>,
    /// Tasks of [`AttemptStarted::resumed`] whose turn has come, by full name: a group's retry runs them again.
    pub(crate) resume_used: BTreeSet<String>,
    pub(crate) common_params: CommonParams,
    pub(crate) index: Index,
}

/// What may happen next; derived from the tasks while folding, so that no decision searches the whole tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Index {
    /// Ready tasks that an earlier attempt has done: `advance` decides whether they run again.
    pub(crate) resumable: BTreeSet<TaskId>,
    /// Ready groups and control-flow tasks: `advance` expands them.
    pub(crate) expandable: BTreeSet<TaskId>,
    /// Ready tasks for workers: `dispatch` sends them.
    pub(crate) dispatchable: BTreeSet<TaskId>,
    /// Planned tasks of which nothing runs any more: `advance` ends them.
    pub(crate) settled: BTreeSet<TaskId>,
    /// Waits that end by time.
    pub(crate) timers: BTreeSet<(Timestamp, TaskId)>,
    /// Tasks that wait for another session.
    pub(crate) requiring: BTreeSet<TaskId>,
    /// Tasks that a worker or BigQuery has.
    pub(crate) running: BTreeSet<TaskId>,
    /// When the time of a `timeout` is over.
    pub(crate) timeouts: BTreeSet<(Timestamp, TaskId)>,
    /// Operator tasks that have begun and that somebody has, or that wait, by their first start: the time limit of tasks
    /// counts for them.
    pub(crate) begun: BTreeSet<(Timestamp, TaskId)>,
    /// Last try of tasks that a group's retry created anew, by full name: a job id is never used twice.
    pub(crate) earlier_tries: BTreeMap<String, TryNo>,
}

/// A node of the task tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Id.
    pub id: TaskId,
    /// The node above; `None` for the root.
    pub parent: Option<TaskId>,
    /// `+summary+create_access^sub+...`.
    pub full_name: String,
    /// What it is.
    pub definition: Arc<TaskDefinition>,
    /// Where it is.
    pub state: TaskState,
    /// How often `_retry` ran it again.
    pub retry_count: u32,
    /// Last try that was dispatched, or that asked for its session.
    pub last_try: Option<TryNo>,
    /// When its first try was dispatched or its subtasks were made.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Partition it writes, once dispatched.
    pub destination: Option<TableReference>,
    /// Figures of its job.
    pub job: Option<JobStatistics>,
    /// Whether an earlier attempt of the session did its work, and it did not run in this one.
    pub resumed: bool,
    /// Exported by the parent's operator: `i` of a loop.
    pub(crate) exported: Exported,
    /// Which stores of its siblings it sees.
    pub(crate) sight: Sight,
    /// The operator that `_type: ${...}` turned out to be.
    pub(crate) resolved: Option<String>,
    /// Why it failed for good, from then on: its `^error` may still run.
    pub(crate) failure: Option<Failure>,
    /// What it stored itself.
    pub(crate) store: StoreParams,
    /// What it and its descendants stored, in digdag's order: set when it succeeds beside parallel siblings, until
    /// their parent ends and collects it.
    pub(crate) subtree_store: StoreParams,
    pub(crate) subtasks: Subtasks,
    /// The job of its last try. A try that goes out again keeps it, whatever this program would derive today.
    pub(crate) sent_job: Option<JobReference>,
    /// When its wait ends, if it waits by time.
    pub(crate) timer: Option<Timestamp>,
    /// When the time of its try's `timeout` is over.
    pub(crate) timeout_at: Option<Timestamp>,
    /// How often in a row BigQuery could not be asked about its current try.
    pub(crate) unreachable: u32,
}

/// Why a task with `_error` failed for good.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// By itself.
    Own(TaskError),
    /// By a subtask.
    Below,
}

/// What moves a ready task on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mover {
    Advance,
    Dispatch,
}

impl Attempt {
    /// What was fixed at the start.
    #[must_use]
    pub fn started(&self) -> &AttemptStarted {
        &self.started
    }

    /// All tasks made so far, in order of creation.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().map(Box::as_ref)
    }

    /// A task.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id).map(Box::as_ref)
    }

    /// How and when the attempt ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<(AttemptOutcome, Timestamp)> {
        self.outcome
    }

    /// Number of records folded: the expected length of the stored log.
    #[must_use]
    pub fn log_length(&self) -> u64 {
        self.length
    }

    /// Tasks that wait for a place in the dispatch window, in order of creation.
    pub fn dispatchable(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.index.dispatchable.iter().copied()
    }

    /// Tasks that a worker or BigQuery has, with their phase.
    pub fn running(&self) -> impl Iterator<Item = (&Task, TryNo, &Phase)> {
        self.index.running.iter().filter_map(|id| self.task(*id)).filter_map(|task| {
            match &task.state {
                TaskState::Running { try_no, phase, .. } => Some((task, *try_no, phase)),
                TaskState::Blocked
                | TaskState::Ready
                | TaskState::Waiting { .. }
                | TaskState::Requiring { .. }
                | TaskState::RetryWaiting { .. }
                | TaskState::Planned
                | TaskState::Success
                | TaskState::Error { .. }
                | TaskState::GroupError
                | TaskState::Canceled => None,
            }
        })
    }

    /// When `tick` has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let first = |times: &BTreeSet<(Timestamp, TaskId)>| times.first().map(|(at, _)| *at);
        let (timer, timeout) = (first(&self.index.timers), first(&self.index.timeouts));
        let sla = self.next_sla().map(|(_, sla)| sla.due);
        let limit = self.next_time_limit().map(|(at, _)| at);
        [timer, timeout, sla, limit].into_iter().flatten().min()
    }

    /// The first task that failed for good by itself, in order of creation.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Task> {
        self.tasks().find(|task| task.error().is_some())
    }

    pub(crate) fn clock(&self) -> SessionClock<'_> {
        SessionClock { now: self.started.now, timezone: &self.started.timezone }
    }

    /// The chain from the root to `id`, both included.
    pub(crate) fn path(&self, id: TaskId) -> Vec<&Task> {
        let mut path: Vec<&Task> =
            std::iter::successors(self.task(id), |task| self.task(task.parent?)).collect();
        path.reverse();
        path
    }
}

impl Task {
    pub(crate) fn new(
        id: TaskId,
        parent: Option<&Self>,
        name: &str,
        definition: Arc<TaskDefinition>,
    ) -> Self {
        let full_name = match parent {
            Some(parent) => format!("{}{name}", parent.full_name),
            None => name.to_owned(),
        };
        Self {
            id,
            parent: parent.map(|parent| parent.id),
            full_name,
            definition,
            state: TaskState::Blocked,
            retry_count: 0,
            last_try: None,
            started_at: None,
            ended_at: None,
            destination: None,
            job: None,
            resumed: false,
            exported: Exported::default(),
            sight: Sight::default(),
            resolved: None,
            failure: None,
            store: StoreParams::new(),
            subtree_store: StoreParams::new(),
            subtasks: Subtasks::default(),
            sent_job: None,
            timer: None,
            timeout_at: None,
            unreachable: 0,
        }
    }

    /// `bq`, `loop`, ... or `None` for a group; the text of a `_type: ${...}` until it is evaluated.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        match &self.definition.kind {
            TaskKind::Group { .. } => None,
            TaskKind::Operator { operator, .. } => {
                Some(self.resolved.as_deref().unwrap_or(operator))
            }
        }
    }

    /// Why the task itself failed for good; its `^error` may still run.
    #[must_use]
    pub fn error(&self) -> Option<&TaskError> {
        match (&self.state, &self.failure) {
            (TaskState::Error { error }, _) | (_, Some(Failure::Own(error))) => Some(error),
            (_, Some(Failure::Below) | None) => None,
        }
    }

    /// Whether its `_error` runs or has run.
    #[must_use]
    pub fn has_error_tasks(&self) -> bool {
        self.failure.is_some()
    }

    pub(crate) fn mover(&self) -> Mover {
        match self.operator() {
            Some(operator) if operators::moved_by_engine(operator) => Mover::Advance,
            // An operator that nobody runs is refused when its turn has come.
            Some(_) => Mover::Dispatch,
            None => Mover::Advance,
        }
    }
}
