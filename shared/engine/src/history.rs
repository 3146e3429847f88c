//! Tasks that have ended: kept for people, not for decisions.

use std::collections::BTreeMap;
use std::fmt;

use himekuri_protocol::TaskId;

use crate::attempt::{Attempt, Task};

/// Tasks that have ended. Nothing is decided by them, so they are no part of the state: attempts are equal whatever it
/// holds.
#[derive(Clone, Default)]
pub(crate) struct History(pub(crate) BTreeMap<TaskId, Box<Task>>);

impl PartialEq for History {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("History")
    }
}

impl Attempt {
    /// Whether a task has ended, or went with a group that runs again.
    #[must_use]
    pub fn has_ended(&self, id: TaskId) -> bool {
        match self.live(id) {
            Some(task) => task.state.is_final(),
            None => id < self.next_id && self.unmade(id).is_none(),
        }
    }

    /// Forgets the tasks that have ended: no decision needs them, and the log still has them. The memory of an attempt
    /// is that of what it has left to do then.
    pub fn forget_ended(&mut self) {
        self.history.0.clear();
    }
}
