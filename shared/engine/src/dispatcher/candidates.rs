//! What one attempt has to send out, as far as it was looked at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use himekuri_protocol::TaskId;

use super::{Demand, Group, Obstacle};

/// Ready tasks that are taken from an attempt at once: enough that asking costs little, few enough that little is thrown
/// away when the attempt changes.
const OFFER: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Candidates {
    pub(super) group: Group,
    pub(super) session: String,
    /// Ready, and not evaluated yet; in order of creation.
    fresh: VecDeque<TaskId>,
    /// Whether there may be more than these.
    more: bool,
    /// Evaluated, and found to wait.
    waiting: BTreeMap<TaskId, Waiter>,
    /// Those of them that may go out now.
    woken: BTreeSet<TaskId>,
}

#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) demand: Demand,
    pub(super) obstacle: Obstacle,
    /// Out of its line, and going out or looking for another.
    pub(super) woken: bool,
}

impl Candidates {
    pub(super) fn new(group: Group, session: String) -> Self {
        Self {
            group,
            session,
            fresh: VecDeque::new(),
            more: true,
            waiting: BTreeMap::new(),
            woken: BTreeSet::new(),
        }
    }

    /// What is ready may be something else now.
    pub(super) fn look_again(&mut self) {
        self.fresh.clear();
        self.more = true;
    }

    /// There is nothing to look at until it is told otherwise.
    pub(super) fn look_no_more(&mut self) {
        self.fresh.clear();
        self.more = false;
    }

    /// Whether it should be asked what is ready.
    pub(super) fn asks(&self, look_ahead: usize) -> bool {
        self.fresh.is_empty() && self.more && self.waiting.len() - self.woken.len() < look_ahead
    }

    /// Takes the first of the ready tasks that are not known yet; both are in the same order.
    pub(super) fn offer(&mut self, ready: impl Iterator<Item = TaskId>) {
        let mut known = self.waiting.keys().peekable();
        let unknown = ready.filter(|task| {
            while known.next_if(|known| *known < task).is_some() {}
            known.next_if_eq(&task).is_none()
        });
        self.fresh = unknown.take(OFFER).collect();
        self.more = !self.fresh.is_empty();
    }

    pub(super) fn has_candidate(&self) -> bool {
        !self.fresh.is_empty() || !self.woken.is_empty()
    }

    /// The first candidate, which is in hand from now on.
    pub(super) fn take(&mut self) -> Option<TaskId> {
        match (self.fresh.front(), self.woken.first()) {
            (Some(fresh), Some(woken)) if woken < fresh => self.woken.pop_first(),
            (None, Some(_)) => self.woken.pop_first(),
            (Some(_), Some(_) | None) => self.fresh.pop_front(),
            (None, None) => None,
        }
    }

    pub(super) fn waiter(&self, task: TaskId) -> Option<&Waiter> {
        self.waiting.get(&task)
    }

    pub(super) fn park(&mut self, task: TaskId, demand: Demand, obstacle: Obstacle) {
        self.woken.remove(&task);
        self.waiting.insert(task, Waiter { demand, obstacle, woken: false });
    }

    pub(super) fn wake(&mut self, task: TaskId) {
        if let Some(waiter) = self.waiting.get_mut(&task) {
            waiter.woken = true;
            self.woken.insert(task);
        }
    }

    pub(super) fn leave(&mut self, task: TaskId) -> Option<Waiter> {
        self.woken.remove(&task);
        self.waiting.remove(&task)
    }

    pub(super) fn waiting(&self) -> Vec<TaskId> {
        self.waiting.keys().copied().collect()
    }

    /// What is in the way of each parked task.
    pub(super) fn obstacles(&self) -> impl Iterator<Item = Obstacle> {
        self.waiting.values().filter(|waiter| !waiter.woken).map(|waiter| waiter.obstacle)
    }

    /// Parked tasks that wait for an older attempt of their session.
    pub(super) fn behind_older(&self) -> Vec<TaskId> {
        let parked = self.waiting.iter();
        let behind =
            parked.filter(|(_, waiter)| waiter.obstacle == Obstacle::OlderAttempt && !waiter.woken);
        behind.map(|(task, _)| *task).collect()
    }
}
