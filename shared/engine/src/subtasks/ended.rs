//! What ended children leave: what they stored and how they failed. The children themselves are gone.
//!
//! It is merged in the order of their places, as far as neighbours have ended: beside n running children there are
//! n + 1 runs of ended ones at most.

use std::collections::BTreeMap;

use himekuri_protocol::{StoreParams, TaskError, TaskId};
use serde::{Deserialize, Serialize};

use crate::Config;
use crate::merge::merge;

/// What a task leaves, with everything below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remains {
    /// Stored, in digdag's order: depth first, in order of definition.
    pub(crate) stores: StoreParams,
    pub(crate) failures: Option<Box<Failures>>,
}

/// Which tasks failed for good by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failures {
    /// The first one's error, depth first.
    pub(crate) error: TaskError,
    /// All as `_error` sees them, depth first.
    pub(crate) merged: Config,
    /// The first one in order of creation.
    pub(crate) first: FailedTask,
}

/// A task that failed for good by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTask {
    /// Id.
    pub id: TaskId,
    /// Full name.
    pub full_name: String,
    /// `bq`, `loop`, ...; none for a group.
    pub operator: Option<String>,
    /// Why.
    pub error: TaskError,
}

/// Ended children.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// By the first place of each.
    runs: BTreeMap<usize, Run>,
}

/// Children of neighbouring places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    end: usize,
    remains: Remains,
}

impl Remains {
    /// Adds what comes behind it.
    pub(crate) fn append(&mut self, behind: &Self) {
        merge(&mut self.stores, &behind.stores);
        match (&mut self.failures, &behind.failures) {
            (_, None) => {}
            (Some(failures), Some(behind)) => {
                merge(&mut failures.merged, &behind.merged);
                if behind.first.id < failures.first.id {
                    failures.first = behind.first.clone();
                }
            }
            (none @ None, Some(behind)) => *none = Some(behind.clone()),
        }
    }
}

impl Ended {
    /// Notes what the child at `place` left. Runs are kept apart at `boundary`.
    pub(crate) fn add(&mut self, place: usize, remains: Remains, boundary: usize) {
        let mut start = place;
        let mut run = Run { end: place + 1, remains };
        if place != boundary
            && let Some((before, _)) =
                self.runs.range(..place).next_back().filter(|(_, r)| r.end == place)
        {
            start = *before;
            if let Some(mut before) = self.runs.remove(&start) {
                before.remains.append(&run.remains);
                run.remains = before.remains;
            }
        }
        if run.end != boundary
            && let Some(behind) = self.runs.remove(&run.end)
        {
            run.remains.append(&behind.remains);
            run.end = behind.end;
        }
        self.runs.insert(start, run);
    }

    /// Notes what the child at `place` left, for itself: others look at it alone.
    pub(crate) fn add_alone(&mut self, place: usize, remains: Remains) {
        self.runs.insert(place, Run { end: place + 1, remains });
    }

    /// What the child at `place` stored, if it was added alone.
    pub(crate) fn stores_at(&self, place: usize) -> Option<&StoreParams> {
        self.runs.get(&place).map(|run| &run.remains.stores)
    }

    /// What the children before `place` stored, in order, up to the first that has not ended.
    pub(crate) fn stores_before(&self, place: usize) -> impl Iterator<Item = &StoreParams> {
        self.runs.range(..place).scan(0, |next, (start, run)| {
            let follows = *start == *next;
            *next = run.end;
            follows.then_some(&run.remains.stores)
        })
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Remains> {
        self.runs.values().map(|run| &run.remains)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored(value: &Value) -> Remains {
        Remains { stores: value.as_object().cloned().unwrap(), failures: None }
    }

    fn failed(id: u32, message: &str) -> Remains {
        let error = TaskError { reason: "test".to_owned(), message: message.to_owned(), job: None };
        let merged = Config::from_iter([("message".to_owned(), message.into())]);
        let first = FailedTask {
            id: TaskId(id),
            full_name: format!("+t{id}"),
            operator: None,
            error: error.clone(),
        };
        let failures = Some(Box::new(Failures { error, merged, first }));
        Remains { stores: StoreParams::new(), failures }
    }

    #[test]
    fn neighbours_merge_in_the_order_of_their_places_whoever_ended_first() {
        let mut ended = Ended::default();

        for place in [3, 1, 0, 2] {
            ended.add(place, stored(&json!({"x": place, format!("only-{place}"): true})), 9);
        }

        let stores: Vec<&StoreParams> = ended.all().map(|remains| &remains.stores).collect();
        assert_eq!(stores.len(), 1);
        assert_eq!(stores[0]["x"], 3);
        assert_eq!(
            stores[0].keys().collect::<Vec<_>>(),
            ["x", "only-0", "only-1", "only-2", "only-3"]
        );
    }

    #[test]
    fn stores_are_visible_up_to_the_first_gap_and_the_boundary_keeps_runs_apart() {
        let mut ended = Ended::default();
        for place in [0, 1, 3, 4] {
            ended.add(place, stored(&json!({"x": place})), 4);
        }

        let before = |place| ended.stores_before(place).map(|s| s["x"].clone()).collect::<Vec<_>>();

        assert_eq!(before(4), [1]);
        assert_eq!(before(0), [json!(null); 0]);
        assert_eq!(ended.all().count(), 3);
    }

    #[test]
    fn the_first_failure_is_told_by_place_and_by_creation() {
        let mut ended = Ended::default();

        ended.add(1, failed(2, "second place"), 9);
        ended.add(0, failed(7, "first place"), 9);

        let failures = ended.all().next().and_then(|remains| remains.failures.as_ref()).unwrap();
        assert_eq!(failures.error.message, "first place");
        assert_eq!(failures.first.id, TaskId(2));
        assert_eq!(failures.merged["message"], "second place");
    }
}
