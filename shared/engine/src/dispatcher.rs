//! Which ready task goes out next (design D6, D7): a window for the pool, turns between titles, one live job per
//! partition. Pure: the coordinator tells it what started and what ended.
//!
//! A task that must wait for its partition is parked. When the partition is free, one waiting task is woken for it, not
//! all: looking at a task means evaluating it, and thousands may wait for one table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use himekuri_protocol::{AttemptId, TableReference, TaskId};

mod claims;

use claims::Claims;

/// How much may be out at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks of the whole pool that are dispatched and not decided. Enough to keep workers busy over a round trip,
    /// little enough that a kill or a change of order acts at once; the backlog stays in the engine.
    pub window: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 1_000 }
    }
}

/// A task of the pool.
type TaskKey = (AttemptId, TaskId);

/// The pool's view of what is out.
#[derive(Clone, Debug, Default)]
pub struct Dispatcher {
    limits: Limits,
    /// Tasks that are out, with or without a partition.
    live: BTreeSet<TaskKey>,
    /// Partitions of live tasks.
    writers: Claims,
    /// Tasks that wait for a live job on their partition.
    parked: Claims,
    /// Tasks that waited and may go out now: the next in line is woken if one of them does not.
    woken: BTreeMap<TaskKey, TableReference>,
    last_title: Option<String>,
}

impl Dispatcher {
    /// A dispatcher of an idle pool.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// How many more tasks may go out.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limits.window.saturating_sub(self.live.len())
    }

    /// Whose turn it is among the titles that have something ready.
    pub fn next_title(&mut self, ready: &BTreeSet<String>) -> Option<String> {
        let after = self.last_title.as_ref().and_then(|last| {
            ready.range::<String, _>((Bound::Excluded(last), Bound::Unbounded)).next()
        });
        let title = after.or_else(|| ready.first()).cloned();
        self.last_title.clone_from(&title);
        title
    }

    /// Whether a job on `destination` would meet a live one on the same partition, or on a table and one of its
    /// partitions at once.
    #[must_use]
    pub fn is_free(&self, destination: &TableReference) -> bool {
        self.writers.meeting(destination).next().is_none()
    }

    /// Whether a task is out and not decided.
    #[must_use]
    pub fn is_live(&self, task: TaskKey) -> bool {
        self.live.contains(&task)
    }

    /// A task went out.
    pub fn started(&mut self, task: TaskKey, destination: Option<TableReference>) {
        self.parked.remove(task);
        self.woken.remove(&task);
        self.live.insert(task);
        if let Some(destination) = destination {
            self.writers.insert(task, destination);
        }
    }

    /// A task's try is decided. The next that waited for its partition may be looked at again.
    pub fn ended(&mut self, task: TaskKey) {
        self.parked.remove(task);
        self.live.remove(&task);
        let passed_on = [self.writers.remove(task), self.woken.remove(&task)];
        for destination in passed_on.into_iter().flatten() {
            self.wake(&destination);
        }
    }

    /// A task must wait for its partition.
    pub fn park(&mut self, task: TaskKey, destination: TableReference) {
        self.woken.remove(&task);
        self.parked.insert(task, destination);
    }

    /// Whether a task waits for its partition.
    #[must_use]
    pub fn is_parked(&self, task: TaskKey) -> bool {
        self.parked.contains(task)
    }

    /// Forgets everything about an attempt: it ended, or was dropped and will be replayed.
    pub fn forget(&mut self, attempt: AttemptId) {
        let all = (attempt, TaskId(0))..=(attempt, TaskId(u32::MAX));
        for task in self.parked.tasks(all.clone()) {
            self.parked.remove(task);
        }
        let out = self.live.range(all.clone());
        let woken = self.woken.range(all).map(|(task, _)| task);
        let gone: Vec<TaskKey> = out.chain(woken).copied().collect();
        for task in gone {
            self.ended(task);
        }
    }

    /// Wakes the first task in line for each partition that `released` kept taken and nothing else does.
    fn wake(&mut self, released: &TableReference) {
        let first = self.parked.meeting(released).filter_map(BTreeSet::first);
        let first: Vec<TaskKey> = first.copied().collect();
        for task in first {
            if let Some(destination) = self.parked.remove(task) {
                if self.is_free(&destination) {
                    self.woken.insert(task, destination);
                } else {
                    self.parked.insert(task, destination);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: TaskKey = (AttemptId(1), TaskId(1));
    const SECOND: TaskKey = (AttemptId(2), TaskId(1));

    fn task(attempt: u64) -> TaskKey {
        (AttemptId(attempt), TaskId(1))
    }

    fn table(text: &str) -> TableReference {
        TableReference::parse(text, None).unwrap()
    }

    #[test]
    fn a_live_partition_is_not_free_until_its_job_ended() {
        let mut dispatcher = Dispatcher::new(Limits::default());

        dispatcher.started(FIRST, Some(table("summary.access$20190901")));

        assert!(!dispatcher.is_free(&table("summary.access$20190901")));
        assert!(dispatcher.is_free(&table("summary.access$20190902")));
        assert!(!dispatcher.is_free(&table("summary.access")), "the table holds the partition");
        dispatcher.ended(FIRST);
        assert!(dispatcher.is_free(&table("summary.access$20190901")));
    }

    #[test]
    fn a_parked_task_is_looked_at_again_when_its_table_is_free() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        dispatcher.started(FIRST, Some(table("summary.access$20190901")));

        dispatcher.park(SECOND, table("summary.access$20190901"));

        assert!(dispatcher.is_parked(SECOND));
        dispatcher.ended(FIRST);
        assert!(!dispatcher.is_parked(SECOND));
    }

    #[test]
    fn of_the_tasks_that_wait_for_one_partition_one_is_woken() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        dispatcher.started(FIRST, Some(table("summary.access$20190901")));
        let waiting = [task(2), task(3), task(4)];
        for task in waiting {
            dispatcher.park(task, table("summary.access$20190901"));
        }

        dispatcher.ended(FIRST);

        assert_eq!(waiting.map(|task| dispatcher.is_parked(task)), [false, true, true]);
    }

    #[test]
    fn a_woken_task_that_never_starts_passes_its_turn_on() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        dispatcher.started(FIRST, Some(table("summary.access")));
        dispatcher.park(SECOND, table("summary.access"));
        dispatcher.park(task(3), table("summary.access"));
        dispatcher.ended(FIRST);

        dispatcher.forget(SECOND.0);

        assert!(!dispatcher.is_parked(task(3)));
    }

    #[test]
    fn a_whole_table_that_ends_wakes_one_task_for_each_partition() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        dispatcher.started(FIRST, Some(table("summary.access")));
        dispatcher.park(task(2), table("summary.access$20190901"));
        dispatcher.park(task(3), table("summary.access$20190901"));
        dispatcher.park(task(4), table("summary.access$20190902"));
        dispatcher.park(task(5), table("summary.other"));

        dispatcher.ended(FIRST);

        let parked = [2, 3, 4, 5].map(|attempt| dispatcher.is_parked(task(attempt)));
        assert_eq!(parked, [false, true, false, true]);
    }

    #[test]
    fn a_task_for_the_whole_table_waits_for_the_last_of_its_partitions() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        dispatcher.started(FIRST, Some(table("summary.access$20190901")));
        dispatcher.started(SECOND, Some(table("summary.access$2019090112")));
        dispatcher.park(task(3), table("summary.access"));

        dispatcher.ended(FIRST);
        let after_one = dispatcher.is_parked(task(3));
        dispatcher.ended(SECOND);

        assert!(after_one);
        assert!(!dispatcher.is_parked(task(3)));
    }

    #[test]
    fn an_hour_and_its_day_are_not_written_at_once() {
        let mut dispatcher = Dispatcher::new(Limits::default());

        dispatcher.started(FIRST, Some(table("summary.access$20190901")));

        assert!(!dispatcher.is_free(&table("summary.access$2019090112")));
        assert!(!dispatcher.is_free(&table("summary.access$201909")));
        assert!(dispatcher.is_free(&table("summary.access$2019090200")));
        assert!(dispatcher.is_free(&table("other.access$20190901")));
    }

    #[test]
    fn a_forgotten_attempt_leaves_its_places_to_others() {
        let mut dispatcher = Dispatcher::new(Limits { window: 2 });
        dispatcher.started(FIRST, Some(table("summary.access")));
        dispatcher.started((FIRST.0, TaskId(2)), None);
        dispatcher.park((FIRST.0, TaskId(3)), table("summary.access"));
        dispatcher.park(SECOND, table("summary.access"));

        dispatcher.forget(FIRST.0);

        assert_eq!(dispatcher.room(), 2);
        assert!(!dispatcher.is_live(FIRST));
        assert!(!dispatcher.is_parked((FIRST.0, TaskId(3))));
        assert!(!dispatcher.is_parked(SECOND));
    }

    #[test]
    fn titles_take_turns() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        let ready = BTreeSet::from(["a", "b", "c"].map(String::from));

        let turns: Vec<_> = (0..4).filter_map(|_| dispatcher.next_title(&ready)).collect();

        assert_eq!(turns, ["a", "b", "c", "a"]);
    }

    #[test]
    fn the_window_closes_and_opens() {
        let mut dispatcher = Dispatcher::new(Limits { window: 1 });

        dispatcher.started(FIRST, None);

        assert_eq!(dispatcher.room(), 0);
        dispatcher.ended(FIRST);
        assert_eq!(dispatcher.room(), 1);
    }
}
