//! Which tasks of an attempt failed by themselves, and which of them first.

use std::collections::BTreeMap;

use himekuri_engine::TaskView;
use himekuri_protocol::TaskId;
use jiff::Timestamp;

/// `^error` and what is below it: what runs after a failure, and never its cause.
const AFTER_A_FAILURE: &str = "^error";

/// Reason of the notice that an attempt is late: it stops nothing, so what failed beside it is the cause.
const LATE: &str = "sla";

/// The failures among an attempt's tasks, which are in order of their ids.
pub(super) struct Failures<'a> {
    tasks: &'a [TaskView],
    /// When the `^error` of a task began.
    error_began: BTreeMap<TaskId, Timestamp>,
}

impl<'a> Failures<'a> {
    pub(super) fn among(tasks: &'a [TaskView]) -> Self {
        let after = tasks.iter().filter(|task| task.name.ends_with(AFTER_A_FAILURE));
        let error_began = after.filter_map(|task| Some((task.parent?, task.started_at?)));
        Self { tasks, error_began: error_began.collect() }
    }

    /// Tasks that failed for good, the first one first; groups fail with what is below them and are left out. What follows
    /// from a failure comes behind it.
    pub(super) fn in_order(&self) -> Vec<&'a TaskView> {
        let failed = self.tasks.iter().filter(|task| has_failed(task) && !self.runs_again(task));
        let mut failed: Vec<&TaskView> = failed.collect();
        failed.sort_by_cached_key(|task| {
            let follows =
                task.name.contains(AFTER_A_FAILURE) || task.reason.as_deref() == Some(LATE);
            let at = self.time_of(task);
            (follows, at.is_none(), at, task.id)
        });
        failed
    }

    /// The task below a group that failed first, and because of which the group runs again.
    pub(super) fn first_below(&self, group: TaskId) -> Option<&'a TaskView> {
        let is_below = |task: &TaskView| {
            std::iter::successors(task.parent, |id| self.task(*id)?.parent).any(|id| id == group)
        };
        let failed = self.tasks.iter().filter(|task| has_failed(task) && is_below(task));
        failed.min_by_key(|task| (self.time_of(task), task.id))
    }

    /// When it failed: it ends later, when its `^error` has ended.
    pub(super) fn time_of(&self, task: &TaskView) -> Option<Timestamp> {
        self.error_began.get(&task.id).copied().or(task.ended_at)
    }

    /// Whether a group above it waits for its retry, which runs the task again too.
    fn runs_again(&self, task: &TaskView) -> bool {
        let above = std::iter::successors(task.parent, |id| self.task(*id)?.parent);
        above.filter_map(|id| self.task(id)).any(|group| group.state == "retry_waiting")
    }

    fn task(&self, id: TaskId) -> Option<&'a TaskView> {
        let place = self.tasks.binary_search_by_key(&id, |task| task.id).ok()?;
        self.tasks.get(place)
    }
}

fn has_failed(task: &TaskView) -> bool {
    match task.state.as_str() {
        "error" => true,
        // Its `^error` runs.
        "planned" => task.error.is_some(),
        _ => false,
    }
}
