//! Titles that have spent what they may: their jobs wait.

use std::collections::BTreeMap;

use super::line::{Line, Order};
use super::{Dispatcher, Group, TaskKey};

/// Titles that may not spend, with who waits for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Budgets {
    spent: BTreeMap<u32, Line>,
}

impl Budgets {
    pub(super) fn is_spent(&self, title: u32) -> bool {
        self.spent.contains_key(&title)
    }

    pub(super) fn park(&mut self, group: Group, task: TaskKey) {
        self.spent.entry(group.title).or_default().park(group, task);
    }

    pub(super) fn line(&mut self, title: u32) -> Option<&mut Line> {
        self.spent.get_mut(&title)
    }
}

impl Dispatcher {
    /// A title has spent what it may, and no job of it goes out until it may spend again. Tasks without a job go on.
    pub fn set_spent(&mut self, title: &str, spent: bool) {
        let title = self.titles.id(title, &self.limits);
        if spent {
            self.budgets.spent.entry(title).or_default();
        } else if let Some(mut line) = self.budgets.spent.remove(&title) {
            self.woken(line.wake(usize::MAX, Order::Turns));
        }
    }
}
