//! Something for each partition, found without looking at all partitions of a table.

use std::collections::BTreeMap;
use std::ops::Bound;

use himekuri_protocol::TableReference;

/// Project, dataset and table.
pub(super) type TableKey = (Option<String>, String, String);

#[derive(Clone, Debug)]
pub(super) struct ByPartition<T> {
    /// By partition; the whole table is the partition of no digits.
    tables: BTreeMap<TableKey, BTreeMap<String, T>>,
}

impl<T> Default for ByPartition<T> {
    fn default() -> Self {
        Self { tables: BTreeMap::new() }
    }
}

impl<T: Default> ByPartition<T> {
    pub(super) fn get(&self, reference: &TableReference) -> Option<&T> {
        self.tables.get(&table_of(reference))?.get(partition_of(reference))
    }

    pub(super) fn get_mut(&mut self, reference: &TableReference) -> Option<&mut T> {
        self.tables.get_mut(&table_of(reference))?.get_mut(partition_of(reference))
    }

    pub(super) fn entry(&mut self, reference: &TableReference) -> &mut T {
        let partitions = self.tables.entry(table_of(reference)).or_default();
        partitions.entry(partition_of(reference).to_owned()).or_default()
    }

    /// Forgets what is kept for a partition if it has become empty.
    pub(super) fn clean(&mut self, reference: &TableReference, is_empty: impl Fn(&T) -> bool) {
        let (table, partition) = (table_of(reference), partition_of(reference));
        if let Some(partitions) = self.tables.get_mut(&table) {
            if partitions.get(partition).is_some_and(is_empty) {
                partitions.remove(partition);
            }
            if partitions.is_empty() {
                self.tables.remove(&table);
            }
        }
    }

    /// What is kept for the same partition, for those that hold it (`$2019` holds `$20190901`, a table all of its
    /// partitions), and for those within it.
    pub(super) fn meeting<'a>(
        &'a self,
        claimed: &'a TableReference,
    ) -> impl Iterator<Item = (&'a String, &'a T)> {
        let partition = partition_of(claimed);
        self.tables.get(&table_of(claimed)).into_iter().flat_map(move |partitions| {
            let shorter = (0..partition.len())
                .filter_map(|digits| partitions.get_key_value(partition.get(..digits)?));
            let from = (Bound::Included(partition), Bound::Unbounded);
            let within = partitions
                .range::<str, _>(from)
                .take_while(move |(other, _)| other.starts_with(partition));
            shorter.chain(within)
        })
    }
}

fn partition_of(reference: &TableReference) -> &str {
    reference.partition.as_deref().unwrap_or_default()
}

pub(super) fn table_of(reference: &TableReference) -> TableKey {
    (reference.project.clone(), reference.dataset.clone(), reference.table.clone())
}
