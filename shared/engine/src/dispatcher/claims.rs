//! Which tasks claim which partitions, found by partition without looking at all claims of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeInclusive};

use himekuri_protocol::TableReference;

use super::TaskKey;

/// Project, dataset and table.
type TableKey = (Option<String>, String, String);

/// Tasks by partition; the whole table is the partition of no digits.
type Partitions = BTreeMap<String, BTreeSet<TaskKey>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    tables: BTreeMap<TableKey, Partitions>,
    tasks: BTreeMap<TaskKey, TableReference>,
}

impl Claims {
    pub(super) fn insert(&mut self, task: TaskKey, claimed: TableReference) {
        self.remove(task);
        let partitions = self.tables.entry(table_of(&claimed)).or_default();
        let partition = partition_of(&claimed).to_owned();
        partitions.entry(partition).or_default().insert(task);
        self.tasks.insert(task, claimed);
    }

    pub(super) fn remove(&mut self, task: TaskKey) -> Option<TableReference> {
        let claimed = self.tasks.remove(&task)?;
        let (table, partition) = (table_of(&claimed), partition_of(&claimed));
        if let Some(partitions) = self.tables.get_mut(&table) {
            if let Some(tasks) = partitions.get_mut(partition) {
                tasks.remove(&task);
                if tasks.is_empty() {
                    partitions.remove(partition);
                }
            }
            if partitions.is_empty() {
                self.tables.remove(&table);
            }
        }
        Some(claimed)
    }

    pub(super) fn contains(&self, task: TaskKey) -> bool {
        self.tasks.contains_key(&task)
    }

    /// The tasks of a range that claim anything.
    pub(super) fn tasks(&self, range: RangeInclusive<TaskKey>) -> Vec<TaskKey> {
        self.tasks.range(range).map(|(task, _)| *task).collect()
    }

    /// Claims on the same partition, on one that holds it (`$2019` holds `$20190901`, a table all of its partitions), or
    /// on one within it; one set of tasks for each partition.
    pub(super) fn meeting<'a>(
        &'a self,
        claimed: &'a TableReference,
    ) -> impl Iterator<Item = &'a BTreeSet<TaskKey>> {
        let partition = partition_of(claimed);
        self.tables.get(&table_of(claimed)).into_iter().flat_map(move |partitions| {
            let shorter =
                (0..partition.len()).filter_map(|digits| partitions.get(partition.get(..digits)?));
            let from = (Bound::Included(partition), Bound::Unbounded);
            let within = partitions
                .range::<str, _>(from)
                .take_while(move |(other, _)| other.starts_with(partition))
                .map(|(_, tasks)| tasks);
            shorter.chain(within)
        })
    }
}

fn partition_of(reference: &TableReference) -> &str {
    reference.partition.as_deref().unwrap_or_default()
}

fn table_of(reference: &TableReference) -> TableKey {
    (reference.project.clone(), reference.dataset.clone(), reference.table.clone())
}
