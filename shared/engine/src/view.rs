//! Tasks as data, for people and for programs.

use himekuri_protocol::{JobStatistics, TaskId, TryNo};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Task, in_order};
use crate::state::TaskState;

/// A task as `himekuri tasks --json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskView {
    /// Id.
    pub id: TaskId,
    /// The node above.
    pub parent: Option<TaskId>,
    /// Full name.
    pub name: String,
    /// `bq`, `loop`, ...; none for a group.
    pub operator: Option<String>,
    /// State, digdag's name.
    pub state: String,
    /// Whether an earlier attempt of the session did its work, and it did not run in this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// Last try.
    pub try_no: Option<TryNo>,
    /// How often `_retry` ran it again.
    pub retry_count: u32,
    /// `project.dataset.table$partition`.
    pub destination: Option<String>,
    /// Figures of its job.
    pub job: Option<JobStatistics>,
    /// Start.
    pub started_at: Option<Timestamp>,
    /// End.
    pub ended_at: Option<Timestamp>,
    /// When it runs again, or a `wait>` ends.
    pub retry_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The same in a word: BigQuery's reason (`invalidQuery`, ...), or one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl TaskView {
    /// The view of one task.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        let (error, retry_at) = match &task.state {
            TaskState::RetryWaiting { retry_at, error } => (Some(error), Some(*retry_at)),
            TaskState::Waiting { until } => (None, Some(*until)),
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::Running { .. }
            | TaskState::Requiring { .. }
            | TaskState::Planned
            | TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => (task.error(), None),
        };
        Self {
            id: task.id,
            parent: task.parent,
            name: task.full_name.clone(),
            operator: task.operator().map(str::to_owned),
            state: task.state.name().to_owned(),
            resumed: task.resumed,
            try_no: task.last_try,
            retry_count: task.retry_count,
            destination: task.destination.as_ref().map(ToString::to_string),
            job: task.job.clone(),
            started_at: task.started_at,
            ended_at: task.ended_at,
            retry_at,
            error: error.map(|error| error.message.clone()),
            reason: error.map(|error| error.reason.clone()),
        }
    }
}

impl Attempt {
    /// All tasks, in order of creation: also those that wait for their turn and are none yet, but not those that have
    /// ended and are forgotten.
    pub fn views(&self) -> impl Iterator<Item = TaskView> {
        let mut parents: Vec<&Task> =
            self.tasks().filter(|task| task.subtasks.has_unmade()).collect();
        parents.sort_by_key(|parent| parent.subtasks.first);
        let waiting = parents.into_iter().flat_map(|parent| {
            let places = parent.subtasks.made.gaps(parent.subtasks.planned);
            places.filter_map(|place| self.waiting_task(parent, place))
        });
        let waiting = waiting.map(|task| (task.id, TaskView::of(&task)));
        let tasks = self.tasks().map(|task| (task.id, TaskView::of(task)));
        in_order(tasks, waiting).map(|(_, view)| view)
    }
}
