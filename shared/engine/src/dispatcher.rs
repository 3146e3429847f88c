//! Which ready task goes out next (design D6, D7): a window for the pool, turns between titles, one live job per
//! partition. Pure: the coordinator tells it what started and what ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use himekuri_protocol::{AttemptId, TableReference, TaskId};

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

/// Project, dataset and table.
type TableKey = (Option<String>, String, String);

/// The pool's view of what is out.
#[derive(Clone, Debug, Default)]
pub struct Dispatcher {
    limits: Limits,
    live: HashMap<TaskKey, Option<TableReference>>,
    /// Live writers by table, so that a conflict is found without looking at the whole window.
    writers: BTreeMap<TableKey, BTreeSet<(String, TaskKey)>>,
    /// Tasks that wait for a live job on their partition.
    parked: HashMap<TaskKey, TableReference>,
    last_title: Option<String>,
}

impl Dispatcher {
    /// A dispatcher of an idle pool.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// How many more tasks may go out.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limits.window.saturating_sub(self.live.len())
    }

    /// Whose turn it is among the titles that have something ready.
    pub fn next_title(&mut self, ready: &BTreeSet<String>) -> Option<String> {
        let after = self.last_title.as_ref().and_then(|last| {
            ready
                .range::<String, _>((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded))
                .next()
        });
        let title = after.or_else(|| ready.first()).cloned();
        self.last_title.clone_from(&title);
        title
    }

    /// Whether a job on `destination` would meet a live one on the same partition, or on a table and one of its
    /// partitions at once.
    #[must_use]
    pub fn is_free(&self, destination: &TableReference) -> bool {
        let partition = destination.partition.clone().unwrap_or_default();
        self.writers
            .get(&table_of(destination))
            .is_none_or(|writers| {
                writers.iter().all(|(live, _)| {
                    !live.starts_with(&partition) && !partition.starts_with(live.as_str())
                })
            })
    }

    /// Whether a task is out and not decided.
    #[must_use]
    pub fn is_live(&self, task: TaskKey) -> bool {
        self.live.contains_key(&task)
    }

    /// A task went out.
    pub fn started(&mut self, task: TaskKey, destination: Option<TableReference>) {
        self.parked.remove(&task);
        if let Some(destination) = &destination {
            let partition = destination.partition.clone().unwrap_or_default();
            self.writers
                .entry(table_of(destination))
                .or_default()
                .insert((partition, task));
        }
        self.live.insert(task, destination);
    }

    /// A task's try is decided. Tasks that waited for its partition may be looked at again.
    pub fn ended(&mut self, task: TaskKey) {
        let Some(Some(destination)) = self.live.remove(&task) else {
            return;
        };
        let table = table_of(&destination);
        if let Some(writers) = self.writers.get_mut(&table) {
            writers.remove(&(destination.partition.unwrap_or_default(), task));
            if writers.is_empty() {
                self.writers.remove(&table);
            }
        }
        self.parked.retain(|_, waiting| table_of(waiting) != table);
    }

    /// A task must wait for its partition.
    pub fn park(&mut self, task: TaskKey, destination: TableReference) {
        self.parked.insert(task, destination);
    }

    /// Whether a task waits for its partition.
    #[must_use]
    pub fn is_parked(&self, task: TaskKey) -> bool {
        self.parked.contains_key(&task)
    }

    /// Forgets everything about an attempt: it was dropped and will be replayed.
    pub fn forget(&mut self, attempt: AttemptId) {
        let gone: Vec<TaskKey> = self
            .live
            .keys()
            .filter(|(of, _)| *of == attempt)
            .copied()
            .collect();
        for task in gone {
            self.ended(task);
        }
        self.parked.retain(|(of, _), _| *of != attempt);
    }
}

fn table_of(reference: &TableReference) -> TableKey {
    (
        reference.project.clone(),
        reference.dataset.clone(),
        reference.table.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: TaskKey = (AttemptId(1), TaskId(1));
    const SECOND: TaskKey = (AttemptId(2), TaskId(1));

    fn table(text: &str) -> TableReference {
        TableReference::parse(text, None).unwrap()
    }

    #[test]
    fn a_live_partition_is_not_free_until_its_job_ended() {
        let mut dispatcher = Dispatcher::new(Limits::default());

        dispatcher.started(FIRST, Some(table("summary.access$20190901")));

        assert!(!dispatcher.is_free(&table("summary.access$20190901")));
        assert!(dispatcher.is_free(&table("summary.access$20190902")));
        assert!(
            !dispatcher.is_free(&table("summary.access")),
            "the table holds the partition"
        );
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
    fn titles_take_turns() {
        let mut dispatcher = Dispatcher::new(Limits::default());
        let ready = BTreeSet::from(["a", "b", "c"].map(String::from));

        let turns: Vec<_> = (0..4)
            .filter_map(|_| dispatcher.next_title(&ready))
            .collect();

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
