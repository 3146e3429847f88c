//! Who waits for one thing: a place in a window, or a partition.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use himekuri_protocol::{AttemptId, TaskId};

use super::{Class, Group, TaskKey};

/// Tasks that wait, by class and title. For each free place one of each group is woken: which of them gets it is decided
/// when their turns come, and a group whose own window is full holds up no other.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    groups: BTreeMap<Group, Waiting>,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    parked: BTreeMap<AttemptId, BTreeSet<TaskId>>,
    /// Woken, and neither gone out nor left.
    woken: BTreeSet<TaskKey>,
    /// Whose task was woken last.
    last: Option<AttemptId>,
}

/// Which task of a group is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// That of the oldest attempt.
    Oldest,
    /// Attempts take turns.
    Turns,
}

impl Line {
    pub(super) fn park(&mut self, group: Group, (attempt, task): TaskKey) {
        let waiting = self.groups.entry(group).or_default();
        waiting.parked.entry(attempt).or_default().insert(task);
    }

    /// A parked task waits no more.
    pub(super) fn unpark(&mut self, group: Group, (attempt, task): TaskKey) {
        if let Some(waiting) = self.groups.get_mut(&group) {
            waiting.take(attempt, Some(task));
            self.clean(group);
        }
    }

    /// A woken task went out, or waits no more.
    pub(super) fn unwake(&mut self, group: Group, task: TaskKey) {
        if let Some(waiting) = self.groups.get_mut(&group) {
            waiting.woken.remove(&task);
            self.clean(group);
        }
    }

    /// Wakes as many of each group as there are free places.
    pub(super) fn wake(&mut self, free: usize, order: Order) -> Vec<TaskKey> {
        let mut woken = Vec::new();
        for waiting in self.groups.values_mut() {
            while waiting.woken.len() < free
                && let Some(attempt) = waiting.next(order)
                && let Some(task) = waiting.take(attempt, None)
            {
                waiting.woken.insert((attempt, task));
                waiting.last = Some(attempt);
                woken.push((attempt, task));
            }
        }
        woken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether a task of a class waits.
    pub(super) fn has(&self, class: Class) -> bool {
        self.groups.keys().any(|group| group.class == class)
    }

    /// Woken tasks of a class whose group may send some out.
    pub(super) fn woken(&self, class: Class, may_start: impl Fn(Group) -> bool) -> usize {
        let groups = self.groups.iter();
        let of_class = groups.filter(|(group, waiting)| {
            group.class == class && !waiting.woken.is_empty() && may_start(**group)
        });
        of_class.map(|(_, waiting)| waiting.woken.len()).sum()
    }

    /// The woken task of the oldest attempt, of those whose group may send some out.
    pub(super) fn oldest_woken(&self, may_start: impl Fn(Group) -> bool) -> Option<TaskKey> {
        let groups = self.groups.iter().filter(|(group, _)| may_start(**group));
        groups.filter_map(|(_, waiting)| waiting.woken.first()).min().copied()
    }

    fn clean(&mut self, group: Group) {
        let empty = |waiting: &Waiting| waiting.parked.is_empty() && waiting.woken.is_empty();
        if self.groups.get(&group).is_some_and(empty) {
            self.groups.remove(&group);
        }
    }
}

impl Waiting {
    fn next(&self, order: Order) -> Option<AttemptId> {
        let after = match (order, self.last) {
            (Order::Turns, Some(last)) => {
                self.parked.range((Bound::Excluded(last), Bound::Unbounded)).next()
            }
            (Order::Turns, None) | (Order::Oldest, _) => None,
        };
        after.or_else(|| self.parked.first_key_value()).map(|(attempt, _)| *attempt)
    }

    /// Takes a parked task out: this one, or the attempt's first.
    fn take(&mut self, attempt: AttemptId, task: Option<TaskId>) -> Option<TaskId> {
        let tasks = self.parked.get_mut(&attempt)?;
        let taken = match task {
            Some(task) => tasks.take(&task),
            None => tasks.pop_first(),
        };
        if tasks.is_empty() {
            self.parked.remove(&attempt);
        }
        taken
    }
}
