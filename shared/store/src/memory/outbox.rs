//! Messages of one attempt that may not be published yet.

use std::collections::{BTreeMap, HashMap};

use crate::OutboxEntry;

/// Entries by id, in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    last_order: u64,
    orders: HashMap<String, u64>,
    entries: BTreeMap<u64, OutboxEntry>,
}

impl Outbox {
    /// Adds an entry at the end; one with the same id goes.
    pub(super) fn add(&mut self, entry: OutboxEntry) {
        self.last_order += 1;
        if let Some(replaced) = self.orders.insert(entry.id.clone(), self.last_order) {
            self.entries.remove(&replaced);
        }
        self.entries.insert(self.last_order, entry);
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(order) = self.orders.remove(id) {
            self.entries.remove(&order);
        }
    }

    pub(super) fn to_vec(&self) -> Vec<OutboxEntry> {
        self.entries.values().cloned().collect()
    }
}
