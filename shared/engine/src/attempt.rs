//! The state of an attempt: the fold of its log, with indexes of what may happen next.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use himekuri_protocol::{
    JobReference, JobStatistics, StoreParams, TableReference, TaskError, TaskId, TryNo,
};
use himekuri_workflow::{TaskDefinition, TaskKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::SessionClock;
use crate::dispatcher::Demand;
use crate::exported::Exported;
use crate::history::History;
use crate::operators;
use crate::params::CommonParams;
use crate::record::{AttemptOutcome, AttemptStarted, KillReason};
use crate::snapshot;
use crate::state::{Phase, TaskState};
use crate::subtasks::{FailedTask, Sight, Subtasks};

/// One execution of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub(crate) started: AttemptStarted,
    /// The root, and tasks that have begun or may begin and have not ended. Boxed: a task is large, and the map moves its
    /// entries while it grows.
    pub(crate) tasks: BTreeMap<TaskId, Box<Task>>,
    pub(crate) history: History,
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
    /// Bytes that its jobs were billed; kept apart from the tasks, which are forgotten.
    pub(crate) bytes_billed: u64,
    pub(crate) common_params: CommonParams,
    pub(crate) index: Index,
}

/// What may happen next; derived from the tasks while folding, so that no decision searches the whole tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Ready tasks that an earlier attempt has done: `advance` decides whether they run again.
    pub(crate) resumable: BTreeSet<TaskId>,
    /// Ready groups and control-flow tasks: `advance` expands them.
    pub(crate) expandable: BTreeSet<TaskId>,
    /// Ready tasks for workers: `dispatch` sends them.
    pub(crate) dispatchable: BTreeSet<TaskId>,
    /// Parents of planned children that are no tasks yet, by the first child's id.
    pub(crate) unmade: BTreeMap<TaskId, TaskId>,
    /// Those of them whose next children wait for nobody and are for workers: `dispatch` makes and sends them.
    pub(crate) open_dispatchable: BTreeMap<TaskId, TaskId>,
    /// How many these children are.
    pub(crate) open_count: usize,
    /// Those whose next children wait for nobody and are iterations that `advance` makes and expands: the deepest
    /// first, so that what has begun ends before more begins.
    pub(crate) open_expandable: BTreeSet<(Reverse<usize>, TaskId)>,
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
    /// Last try of tasks that a group's retry creates anew, by full name: a job id is never used twice.
    pub(crate) earlier_tries: BTreeMap<String, TryNo>,
}

/// A node of the task tree. What a snapshot leaves out, [`crate::snapshot`] finds again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Id.
    pub id: TaskId,
    /// The node above; `None` for the root.
    pub parent: Option<TaskId>,
    /// `+summary+create_access^sub+...`.
    #[serde(skip)]
    pub full_name: String,
    /// What it is.
    #[serde(skip, default = "snapshot::unknown")]
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
    #[serde(skip)]
    pub(crate) exported: Exported,
    /// Which stores of its siblings it sees.
    #[serde(skip)]
    pub(crate) sight: Sight,
    /// The operator that `_type: ${...}` turned out to be.
    pub(crate) resolved: Option<String>,
    /// Why it failed for good, from then on: its `^error` may still run.
    pub(crate) failure: Option<Failure>,
    /// What it stored itself.
    pub(crate) store: StoreParams,
    /// Whether a group's retry may create it anew.
    pub(crate) below_retry: bool,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

    /// Bytes that BigQuery has billed for its jobs so far; not for those of an earlier attempt that it did not run again.
    #[must_use]
    pub fn bytes_billed(&self) -> u64 {
        self.bytes_billed
    }

    /// Tasks that have begun or may begin, and those that have ended and are not forgotten, in order of creation. Of
    /// siblings that wait, and of those in a `_parallel` group that nobody has asked for, there are none yet.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        let ended = self.history.0.iter().map(|(id, task)| (*id, task.as_ref()));
        let live = self.tasks.iter().map(|(id, task)| (*id, task.as_ref()));
        in_order(ended, live).map(|(_, task)| task)
    }

    /// A task that [`Attempt::tasks`] lists.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.live(id).or_else(|| self.history.0.get(&id).map(Box::as_ref))
    }

    /// The root, or a task that has not ended: what decisions look at.
    pub(crate) fn live(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id).map(Box::as_ref)
    }

    /// A task that has not ended, also one that waits for its turn and that [`Attempt::tasks`] does not list.
    #[must_use]
    pub fn peek(&self, id: TaskId) -> Option<Cow<'_, Task>> {
        if let Some(task) = self.live(id) {
            return Some(Cow::Borrowed(task));
        }
        let (parent, place) = self.unmade(id)?;
        self.waiting_task(parent, place).map(Cow::Owned)
    }

    /// A planned child that is no task yet.
    pub(crate) fn waiting_task(&self, parent: &Task, place: usize) -> Option<Task> {
        let mut task = self.planned_task(parent, place)?;
        task.state = parent.subtasks.waiting_state(place);
        Some(task)
    }

    /// Parent and place of a planned child that is no task yet.
    pub(crate) fn unmade(&self, id: TaskId) -> Option<(&Task, usize)> {
        let (_, parent) = self.index.unmade.range(..=id).next_back()?;
        let parent = self.live(*parent)?;
        let place = parent.subtasks.place(id).filter(|place| *place < parent.subtasks.planned)?;
        (!parent.subtasks.made.contains(place)).then_some((parent, place))
    }

    /// The planned child at `place`, as it begins.
    pub(crate) fn planned_task(&self, parent: &Task, place: usize) -> Option<Task> {
        let subtasks = &parent.subtasks;
        let planned = subtasks.plan.child(&parent.definition, place)?;
        let sight = Sight::of(&planned.definition, subtasks.parallel);
        let id = subtasks.id(place);
        let mut task = Task::new(id, Some(parent), &planned.name, planned.definition);
        task.exported = planned.exported;
        task.sight = sight;
        Some(task)
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
        let parents = self.index.open_dispatchable.values().filter_map(|id| self.live(*id));
        let open = parents.map(|parent| &parent.subtasks);
        let open = open.flat_map(|subtasks| subtasks.open().map(|place| subtasks.id(place)));
        let made = self.index.dispatchable.iter().copied();
        in_order(made.map(|id| (id, id)), open.map(|id| (id, id))).map(|(id, _)| id)
    }

    /// How many tasks [`Attempt::dispatchable`] lists.
    #[must_use]
    pub fn dispatchable_count(&self) -> usize {
        self.index.dispatchable.len().saturating_add(self.index.open_count)
    }

    /// Tasks that a worker or BigQuery has, with their phase.
    pub fn running(&self) -> impl Iterator<Item = (&Task, TryNo, &Phase)> {
        self.index.running.iter().filter_map(|id| self.live(*id)).filter_map(|task| {
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

    /// How many tasks have failed and run again later.
    #[must_use]
    pub fn waiting_for_retry(&self) -> usize {
        let timers = self.index.timers.iter().filter_map(|(_, id)| self.live(*id));
        timers.filter(|task| matches!(task.state, TaskState::RetryWaiting { .. })).count()
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
    pub fn first_failure(&self) -> Option<FailedTask> {
        let live = self.tasks.values();
        let own = live.clone().find_map(|task| task.failed());
        let below = live.flat_map(|task| task.subtasks.remains());
        let below = below.filter_map(|remains| remains.failures.as_ref());
        let below = below.map(|failures| &failures.first).min_by_key(|first| first.id);
        own.into_iter().chain(below.cloned()).min_by_key(|first| first.id)
    }

    pub(crate) fn clock(&self) -> SessionClock<'_> {
        SessionClock { now: self.started.now, timezone: &self.started.timezone }
    }

    /// The chain from the root to `task`, both included.
    pub(crate) fn path<'a>(&'a self, task: &'a Task) -> Vec<&'a Task> {
        let mut path: Vec<&Task> =
            std::iter::successors(Some(task), |task| self.task(task.parent?)).collect();
        path.reverse();
        path
    }
}

/// Both sequences, which are in order of their ids, as one.
pub(crate) fn in_order<T>(
    one: impl Iterator<Item = (TaskId, T)>,
    other: impl Iterator<Item = (TaskId, T)>,
) -> impl Iterator<Item = (TaskId, T)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((first, _)), Some((second, _))) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

impl Task {
    /// Whether the current try had gone out before, and went out again because nobody could be asked about it.
    #[must_use]
    pub fn goes_again(&self) -> bool {
        self.unreachable > 0
    }

    pub(crate) fn new(
        id: TaskId,
        parent: Option<&Self>,
        name: &str,
        definition: Arc<TaskDefinition>,
    ) -> Self {
        let full_name = match parent {
            Some(parent) => [parent.full_name.as_str(), name].concat(),
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
            below_retry: parent
                .is_some_and(|above| above.below_retry || above.definition.retry.is_some()),
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

    /// If the task itself failed for good.
    pub(crate) fn failed(&self) -> Option<FailedTask> {
        self.error().map(|error| FailedTask {
            id: self.id,
            full_name: self.full_name.clone(),
            operator: self.operator().map(str::to_owned),
            error: error.clone(),
        })
    }

    /// What its current try holds while it is out.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand::new(self.sent_job.as_ref(), self.destination.as_ref())
    }

    pub(crate) fn mover(&self) -> Mover {
        mover_of(&self.definition, self.resolved.as_deref())
    }
}

/// Who moves a ready task on, the operator of its `_type: ${...}` being `resolved`.
pub(crate) fn mover_of(definition: &TaskDefinition, resolved: Option<&str>) -> Mover {
    match &definition.kind {
        TaskKind::Operator { operator, .. }
            if !operators::moved_by_engine(resolved.unwrap_or(operator)) =>
        {
            // An operator that nobody runs is refused when its turn has come.
            Mover::Dispatch
        }
        TaskKind::Operator { .. } | TaskKind::Group { .. } => Mover::Advance,
    }
}
