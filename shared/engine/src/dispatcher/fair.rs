//! Turns by weight: start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996).
//!
//! Each member has the virtual time at which its next turn starts. The earliest start goes first; a turn moves its member on
//! by its cost over its weight, and the queue's own time to where that turn started. Who comes back after a while starts
//! at the queue's time: nobody saves up turns, and nobody loses any. Of two members that both always want a turn, at any
//! time, their turns over their weights differ by one turn over each weight at most (theorem 1 there).

use std::collections::{BTreeMap, BTreeSet};

/// Virtual time of one turn at weight 1; divided by weights, so that whole numbers are exact enough.
pub(super) const TURN: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub(super) struct FairQueue<K> {
    /// Who wants a turn, by its start.
    queue: BTreeSet<(u64, K)>,
    members: BTreeMap<K, Member>,
    now: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Member {
    /// Where the last turn ended.
    ended: u64,
    /// Where the next turn starts, while it wants one.
    starts: Option<u64>,
}

impl<K> Default for FairQueue<K> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), members: BTreeMap::new(), now: 0 }
    }
}

impl<K: Copy + Ord> FairQueue<K> {
    /// Whether a member wants a turn now.
    pub(super) fn set(&mut self, key: K, wants: bool) {
        let member = self.members.entry(key).or_default();
        match (member.starts, wants) {
            (None, true) => {
                let starts = member.ended.max(self.now);
                member.starts = Some(starts);
                self.queue.insert((starts, key));
            }
            (Some(starts), false) => {
                member.starts = None;
                self.queue.remove(&(starts, key));
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<K> {
        self.queue.first().map(|(_, key)| *key)
    }

    /// A member had a turn of this cost.
    pub(super) fn charge(&mut self, key: K, cost: u64) {
        let member = self.members.entry(key).or_default();
        let started = member.starts.unwrap_or(member.ended.max(self.now));
        self.now = self.now.max(started);
        member.ended = started.saturating_add(cost);
        if let Some(starts) = member.starts.replace(member.ended) {
            self.queue.remove(&(starts, key));
            self.queue.insert((member.ended, key));
        } else {
            member.starts = None;
        }
    }

    pub(super) fn forget(&mut self, key: K) {
        self.set(key, false);
        self.members.remove(&key);
    }
}
