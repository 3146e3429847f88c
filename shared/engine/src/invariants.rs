//! What holds of every attempt at any length of its log. Tests ask for all of it after each decision; debug builds ask
//! after each record, of large attempts at some lengths only.
//!
//! | Invariant | Kept by |
//! |---|---|
//! | a task is decided once | `fold/legal.rs` refuses any record of an ended task |
//! | no task runs before what it depends on | `subtasks.rs` releases in order |
//! | a parent ends after its children | only settled tasks end (`outcome.rs`) |
//! | nothing is dispatched twice without a reason in the log | `Attempt::next_try` |
//! | every state has somebody who moves it on | the indexes of the fold |
//! | the counters of a parent agree with its children | `Subtasks::ended`, `Subtasks::release` |
//!
//! That at most one live job writes a partition is a promise of the dispatcher, which sees all attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use himekuri_protocol::TaskId;
use himekuri_workflow::{Parallel, TaskKind};

use crate::attempt::{Attempt, Mover, Task};
#[cfg(debug_assertions)]
use crate::record::Record;
use crate::state::{Phase, TaskState};

mod log;
#[cfg(test)]
mod tests;

pub use log::log_violations;

/// Tasks up to which a debug build looks at an attempt after each record.
#[cfg(debug_assertions)]
const SMALL: usize = 64;

/// Tasks up to which a debug build looks at all, then at lengths of the log that are powers of two.
#[cfg(debug_assertions)]
const LARGE: usize = 10_000;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A task is decided once.
    DecidedOnce,
    /// No task runs before what it depends on.
    OrderKept,
    /// A parent ends after its children.
    ParentLast,
    /// Nothing is dispatched twice without a reason in the log.
    DispatchedForAReason,
    /// Every state has somebody who moves it on.
    SomebodyMovesIt,
    /// The counters of a parent agree with its children.
    CountersAgree,
}

/// A task of which an invariant does not hold: a defect of the engine, or a log that it did not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// The task.
    pub task: TaskId,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} does not hold of task {}: {}", self.invariant, self.task, self.found)
    }
}

/// What does not hold of an attempt; nothing, if the engine is right.
#[must_use]
pub fn violations(attempt: &Attempt) -> Vec<Violation> {
    let mut children: BTreeMap<TaskId, Vec<&Task>> = BTreeMap::new();
    for task in attempt.tasks() {
        if let Some(parent) = task.parent {
            children.entry(parent).or_default().push(task);
        }
    }
    let mut looking = Looking { attempt, found: Vec::new() };
    for task in attempt.tasks() {
        let below = children.get(&task.id).map_or(&[][..], Vec::as_slice);
        looking.mover(task);
        looking.order(task, below);
        looking.end(task, below);
        looking.counters(task, below);
    }
    looking.indexes();
    looking.found
}

/// Stops a debug build whose attempt has gone wrong, with the record that did it.
#[cfg(debug_assertions)]
pub(crate) fn assert_sampled(attempt: &Attempt, record: &Record) {
    let tasks = attempt.tasks.len().saturating_add(attempt.history.0.len());
    if tasks <= SMALL || tasks <= LARGE && attempt.length.is_power_of_two() {
        let found = violations(attempt);
        let first = found.first().map(ToString::to_string).unwrap_or_default();
        debug_assert!(found.is_empty(), "after `{}`: {first}", record.name());
    }
}

struct Looking<'a> {
    attempt: &'a Attempt,
    found: Vec<Violation>,
}

impl Looking<'_> {
    fn note(&mut self, invariant: Invariant, task: &Task, found: &str) {
        let found = format!("`{}` is {}, {found}", task.full_name, task.state.name());
        self.found.push(Violation { invariant, task: task.id, found });
    }

    fn mover(&mut self, task: &Task) {
        let index = &self.attempt.index;
        let waits = task.timer.is_some_and(|at| index.timers.contains(&(at, task.id)));
        let moved = match &task.state {
            TaskState::Blocked => task.parent.is_some(),
            TaskState::Ready if index.resumable.contains(&task.id) => true,
            TaskState::Ready => match task.mover() {
                Mover::Advance => index.expandable.contains(&task.id),
                Mover::Dispatch => index.dispatchable.contains(&task.id),
            },
            TaskState::Running { phase, .. } => {
                let sent = match phase {
                    Phase::Dispatched | Phase::Unreachable { .. } => waits,
                    // Watched for as long as it runs, or asked to end.
                    Phase::Submitted { .. } | Phase::Canceling { .. } => true,
                };
                sent && index.running.contains(&task.id)
            }
            TaskState::Waiting { .. } | TaskState::RetryWaiting { .. } => waits,
            TaskState::Requiring { .. } => index.requiring.contains(&task.id),
            TaskState::Planned => !task.subtasks.is_idle() || index.settled.contains(&task.id),
            TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => true,
        };
        if !moved {
            self.note(Invariant::SomebodyMovesIt, task, "and nobody moves it on");
        }
    }

    /// An index that names a task in another state would move it twice.
    fn indexes(&mut self) {
        let index = &self.attempt.index;
        let is =
            |id: &TaskId, fits: &dyn Fn(&Task) -> bool| self.attempt.task(*id).is_some_and(fits);
        let ready = |task: &Task, mover| task.state == TaskState::Ready && task.mover() == mover;
        let mut wrong: Vec<TaskId> = Vec::new();
        let mut check = |ids: &BTreeSet<TaskId>, fits: &dyn Fn(&Task) -> bool| {
            wrong.extend(ids.iter().filter(|id| !is(id, fits)));
        };
        check(&index.expandable, &|task| ready(task, Mover::Advance));
        check(&index.dispatchable, &|task| ready(task, Mover::Dispatch));
        check(&index.resumable, &|task| task.state == TaskState::Ready);
        check(&index.settled, &|task| task.state == TaskState::Planned && task.subtasks.is_idle());
        check(&index.running, &|task| matches!(task.state, TaskState::Running { .. }));
        check(&index.requiring, &|task| matches!(task.state, TaskState::Requiring { .. }));
        let timed = index
            .timers
            .iter()
            .filter(|(at, id)| !is(id, &|task| task.timer == Some(*at) && !task.state.is_final()));
        wrong.extend(timed.map(|(_, id)| id));
        let timeouts = index.timeouts.iter().filter(|(at, id)| {
            !is(id, &|task| {
                task.timeout_at == Some(*at) && matches!(task.state, TaskState::Running { .. })
            })
        });
        wrong.extend(timeouts.map(|(_, id)| id));
        wrong.extend(
            index
                .begun
                .iter()
                .map(|(_, id)| id)
                .filter(|id| !is(id, &|task| !task.state.is_final())),
        );
        self.found.extend(wrong.into_iter().map(|task| Violation {
            invariant: Invariant::SomebodyMovesIt,
            task,
            found: "an index names it, but not its state".to_owned(),
        }));
    }

    fn order(&mut self, parent: &Task, children: &[&Task]) {
        let begun = |task: &&&Task| has_begun(task);
        if may_have_children(parent) {
            self.order_of_siblings(parent, children);
        } else if let Some(child) = children.iter().find(begun) {
            let found = format!("though `{}` is only {}", parent.full_name, parent.state.name());
            self.note(Invariant::OrderKept, child, &found);
        }
    }

    /// Siblings that have been forgotten had ended well.
    fn order_of_siblings(&mut self, parent: &Task, children: &[&Task]) {
        let (joined, planned): (Vec<&Task>, Vec<&Task>) =
            children.iter().partition(|child| has_joined(parent, child));
        let parallel = match &parent.definition.kind {
            TaskKind::Group { parallel, .. } => *parallel,
            TaskKind::Operator { .. } => Parallel::Yes,
        };
        for (place, child) in planned.iter().enumerate().filter(|(_, child)| has_begun(child)) {
            let before = planned.get(..place).unwrap_or_default().iter();
            let waits_for = |sibling: &&&Task| match parallel {
                Parallel::No => !child.definition.background,
                Parallel::Yes | Parallel::Limit(_) => {
                    child.definition.after.contains(&sibling.definition.name)
                }
            };
            let open = before.filter(waits_for).find(|task| task.state != TaskState::Success);
            if let Some(open) = open {
                let found = format!("though `{}` is {}", open.full_name, open.state.name());
                self.note(Invariant::OrderKept, child, &found);
            }
        }
        let running = planned.iter().filter(|child| is_in_progress(child)).count();
        if let Parallel::Limit(limit) = parallel
            && running > usize::try_from(limit.max(1)).unwrap_or(usize::MAX)
        {
            self.note(Invariant::OrderKept, parent, &format!("and {running} run of {limit}"));
        }
        let last = joined.iter().find(|child| is_named(parent, child, &["^check", "^error"]));
        let open = planned.iter().find(|child| is_in_progress(child));
        if let (Some(last), Some(open)) = (last, open) {
            let found = format!("though `{}` is {}", open.full_name, open.state.name());
            self.note(Invariant::OrderKept, last, &found);
        }
    }

    /// By the order of records, not by their times: the clocks of two coordinators differ.
    fn end(&mut self, parent: &Task, children: &[&Task]) {
        let rests = match &parent.state {
            TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => true,
            TaskState::RetryWaiting { .. } => true,
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::Running { .. }
            | TaskState::Waiting { .. }
            | TaskState::Requiring { .. }
            | TaskState::Planned => false,
        };
        for child in children.iter().filter(|_| rests) {
            if is_in_progress(child) {
                let found = format!("though `{}` is {}", parent.full_name, parent.state.name());
                self.note(Invariant::ParentLast, child, &found);
            }
        }
        if parent.state.is_final() != parent.ended_at.is_some() {
            self.note(Invariant::ParentLast, parent, "which its end does not show");
        }
    }

    fn counters(&mut self, parent: &Task, children: &[&Task]) {
        let running = children.iter().filter(|child| is_in_progress(child)).count();
        let counted = parent.subtasks.in_progress().saturating_sub(parent.subtasks.open_count());
        if running != counted {
            let found = format!("and counts {counted} running children, but has {running}");
            self.note(Invariant::CountersAgree, parent, &found);
        }
        // How `^error` ends is not counted.
        let counts = |child: &&&Task| !is_named(parent, child, &["^error"]);
        let failed = children.iter().filter(counts).find(|child| has_failed(child));
        if let Some(failed) = failed.filter(|_| !parent.subtasks.have_failed()) {
            let found = format!("and does not know that `{}` failed", failed.full_name);
            self.note(Invariant::CountersAgree, parent, &found);
        }
    }
}

fn has_begun(task: &Task) -> bool {
    match &task.state {
        TaskState::Blocked => false,
        TaskState::Ready
        | TaskState::Running { .. }
        | TaskState::Waiting { .. }
        | TaskState::Requiring { .. }
        | TaskState::RetryWaiting { .. }
        | TaskState::Planned
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError
        | TaskState::Canceled => true,
    }
}

fn is_in_progress(task: &Task) -> bool {
    has_begun(task) && !task.state.is_final()
}

fn has_failed(task: &Task) -> bool {
    task.state.is_final() && task.state != TaskState::Success
}

/// Whether children of a task may have begun.
fn may_have_children(task: &Task) -> bool {
    match &task.state {
        TaskState::Planned
        | TaskState::RetryWaiting { .. }
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError
        | TaskState::Canceled => true,
        TaskState::Blocked
        | TaskState::Ready
        | TaskState::Running { .. }
        | TaskState::Waiting { .. }
        | TaskState::Requiring { .. } => false,
    }
}

/// Whether a child was not planned with the others: `^check`, `^error`, `^sla`.
fn has_joined(parent: &Task, child: &Task) -> bool {
    own_name(parent, child).starts_with('^') && !is_named(parent, child, &["^sub"])
}

fn is_named(parent: &Task, child: &Task, names: &[&str]) -> bool {
    names.contains(&own_name(parent, child))
}

fn own_name<'a>(parent: &Task, child: &'a Task) -> &'a str {
    child.full_name.strip_prefix(&parent.full_name).unwrap_or(&child.full_name)
}
