//! Which workers live, as far as they have said so. Nothing is decided by it: people look at it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use himekuri_protocol::Presence;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// After how long a worker is taken for gone that says nothing any more: it speaks every 20 seconds.
const GONE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Workers that are remembered at most, as anybody who may publish can make names up.
const WORKERS_MAX: usize = 10_000;

/// A worker, as it described itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerView {
    /// Its name.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was heard last.
    pub seen_at: Timestamp,
    /// Most deliveries that it takes at once.
    pub capacity: u16,
    /// Deliveries in hand.
    pub in_hand: usize,
    /// Deliveries that it has dealt with since it started.
    pub done: u64,
}

/// Workers by name.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    known: Mutex<BTreeMap<String, WorkerView>>,
}

impl Workers {
    pub(crate) fn heard(&self, presence: Presence, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, worker| lives(worker, now));
        if presence.leaves || known.len() >= WORKERS_MAX {
            known.remove(&presence.worker);
            return;
        }
        let uptime = i64::try_from(presence.uptime_seconds).unwrap_or(i64::MAX);
        let started_at = now.saturating_sub(SignedDuration::from_secs(uptime)).unwrap_or(now);
        let view = WorkerView {
            name: presence.worker.clone(),
            version: presence.program,
            started_at,
            seen_at: now,
            capacity: presence.capacity,
            in_hand: presence.in_hand,
            done: presence.done,
        };
        known.insert(presence.worker, view);
    }

    /// Those that live, by name.
    pub(crate) fn living(&self, now: Timestamp) -> Vec<WorkerView> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().filter(|worker| lives(worker, now)).cloned().collect()
    }
}

fn lives(worker: &WorkerView, now: Timestamp) -> bool {
    now.duration_since(worker.seen_at) <= GONE_AFTER
}

#[cfg(test)]
mod tests {
    use himekuri_protocol::{PRESENCE_VERSION, PresenceKind};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn presence(worker: &str, leaves: bool) -> Presence {
        Presence {
            version: PRESENCE_VERSION,
            kind: PresenceKind::Presence,
            worker: worker.to_owned(),
            program: "0.1.0".to_owned(),
            uptime_seconds: 60,
            capacity: 256,
            in_hand: 3,
            done: 12,
            leaves,
        }
    }

    fn names(workers: &Workers, now: Timestamp) -> Vec<String> {
        workers.living(now).into_iter().map(|worker| worker.name).collect()
    }

    #[test]
    fn a_worker_is_known_until_it_leaves_or_is_not_heard_for_a_minute() {
        let workers = Workers::default();
        workers.heard(presence("a", false), at(0));
        workers.heard(presence("b", false), at(0));
        workers.heard(presence("c", false), at(30));
        workers.heard(presence("b", true), at(40));

        assert_eq!(names(&workers, at(60)), ["a", "c"]);
        assert_eq!(names(&workers, at(61)), ["c"]);
        assert_eq!(workers.living(at(61))[0].started_at, at(-30));
    }

    #[test]
    fn an_age_beyond_all_time_does_no_harm() {
        let workers = Workers::default();
        workers.heard(Presence { uptime_seconds: u64::MAX, ..presence("a", false) }, at(0));

        assert_eq!(names(&workers, at(0)), ["a"]);
    }
}
