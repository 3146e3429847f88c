//! Windows with a line before them: of tables and of GCP projects.

use std::collections::BTreeMap;

use super::line::{Line, Order};
use super::{Class, Group, TaskKey};

#[derive(Clone, Debug)]
pub(super) struct Windows<K> {
    all: BTreeMap<K, Window>,
}

#[derive(Clone, Debug, Default)]
struct Window {
    live: usize,
    /// How often in a row a scheduled run took a place that a backfill waited for.
    passed: u32,
    line: Line,
}

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self { all: BTreeMap::new() }
    }
}

/// Whether a window takes a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Open,
    Full,
    /// There is a place, but the other class is next and ready for it.
    Yield,
}

impl<K: Clone + Ord> Windows<K> {
    /// Whether a task of `class` may enter a window of `limit` places. Each window keeps the shares of the classes for
    /// itself: what a class gets elsewhere does not count where it is crowded.
    pub(super) fn entry(
        &self,
        key: &K,
        class: Class,
        (limit, passes): (usize, u32),
        may_start: impl Fn(Group) -> bool,
    ) -> Entry {
        let Some(window) = self.all.get(key) else {
            return if limit == 0 { Entry::Full } else { Entry::Open };
        };
        let free = limit.saturating_sub(window.live);
        if free == 0 {
            return Entry::Full;
        }
        let next = if window.passed >= passes { Class::Backfill } else { Class::Scheduled };
        if next != class && window.line.woken(next, may_start) >= free {
            return Entry::Yield;
        }
        Entry::Open
    }

    /// Tasks that are out, by window.
    pub(super) fn live(&self) -> impl Iterator<Item = (&K, usize)> {
        self.all.iter().map(|(key, window)| (key, window.live))
    }

    pub(super) fn line(&mut self, key: K) -> &mut Line {
        &mut self.all.entry(key).or_default().line
    }

    pub(super) fn start(&mut self, key: K, class: Class) {
        let window = self.all.entry(key).or_default();
        window.live += 1;
        window.passed = match class {
            Class::Scheduled if window.line.has(Class::Backfill) => window.passed.saturating_add(1),
            Class::Scheduled => window.passed,
            Class::Backfill => 0,
        };
    }

    pub(super) fn end(&mut self, key: &K) {
        if let Some(window) = self.all.get_mut(key) {
            window.live = window.live.saturating_sub(1);
        }
    }

    /// Wakes tasks for the free places; forgets a window that nobody uses.
    pub(super) fn wake(&mut self, key: &K, limit: usize) -> Vec<TaskKey> {
        let Some(window) = self.all.get_mut(key) else {
            return Vec::new();
        };
        if window.live == 0 && window.line.is_empty() {
            self.all.remove(key);
            return Vec::new();
        }
        window.line.wake(limit.saturating_sub(window.live), Order::Turns)
    }
}
