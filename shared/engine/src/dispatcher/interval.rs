//! Places of tables that count for a while after their task has ended, as BigQuery counts writes over time.

use std::collections::VecDeque;

use himekuri_protocol::TableReference;
use jiff::Timestamp;

use super::partitions::table_of;
use super::{Demand, Dispatcher, Obstacle};

/// Places that are free at a time, the first first.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    now: Timestamp,
    places: VecDeque<(Timestamp, TableReference)>,
}

impl Default for Counted {
    fn default() -> Self {
        Self { now: Timestamp::MIN, places: VecDeque::new() }
    }
}

impl Dispatcher {
    /// It is `now`: places of tables that have counted for long enough are free. A clock that is set back lets nobody wait
    /// for longer than the interval.
    pub fn pass(&mut self, now: Timestamp) {
        if now < self.counted.now {
            let latest = self.free_at(now);
            for (free, _) in &mut self.counted.places {
                *free = latest.min(*free);
            }
        }
        self.counted.now = now;
        while let Some((_, table)) = self.counted.places.pop_front_if(|(free, _)| *free <= now) {
            self.free_table(table);
        }
    }

    /// When the next place of a table is free for which somebody may wait.
    #[must_use]
    pub fn next_place(&self) -> Option<Timestamp> {
        self.counted.places.front().map(|(free, _)| *free)
    }

    /// A task that wrote a table has ended.
    pub(super) fn leave_table(&mut self, destination: &TableReference) {
        if self.limits.table_interval.is_zero() {
            self.free_table(destination.clone());
        } else {
            let free = self.free_at(self.counted.now);
            self.counted.places.push_back((free, destination.clone()));
        }
    }

    fn free_at(&self, ended: Timestamp) -> Timestamp {
        ended.checked_add(self.limits.table_interval).unwrap_or(ended)
    }

    fn free_table(&mut self, destination: TableReference) {
        self.tables.end(&table_of(&destination));
        self.wake(Obstacle::Table, &Demand { region: None, destination: Some(destination) });
    }
}
