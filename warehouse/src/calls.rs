//! How often each method was called, and when: tests count calls per second with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::duck::locked;

/// Seconds that are remembered for each method.
const SECONDS_MAX: usize = 600;

/// The calls since the start, or since they were forgotten.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    methods: Mutex<BTreeMap<String, Counter>>,
}

#[derive(Debug, Default)]
struct Counter {
    calls: u64,
    faults: u64,
    peak: u64,
    /// Seconds since 1970 with their calls, the newest last.
    seconds: VecDeque<(i64, u64)>,
}

impl Calls {
    /// Counts a call.
    pub(crate) fn note(&self, method: &str, now_ms: i64) {
        let mut methods = locked(&self.methods);
        let counter = methods.entry(method.to_owned()).or_default();
        counter.calls += 1;
        let second = now_ms.div_euclid(1000);
        match counter.seconds.back_mut() {
            Some((last, calls)) if *last == second => *calls += 1,
            Some(_) | None => counter.seconds.push_back((second, 1)),
        }
        if counter.seconds.len() > SECONDS_MAX {
            counter.seconds.pop_front();
        }
        let newest = counter.seconds.back().map_or(0, |(_, calls)| *calls);
        counter.peak = counter.peak.max(newest);
    }

    /// Counts a call that met a fault.
    pub(crate) fn note_fault(&self, method: &str) {
        locked(&self.methods).entry(method.to_owned()).or_default().faults += 1;
    }

    /// Begins anew.
    pub(crate) fn forget(&self) {
        locked(&self.methods).clear();
    }

    /// A list with an entry for each method, by name.
    pub(crate) fn describe(&self) -> Value {
        let methods = locked(&self.methods);
        let entry = |(method, counter): (&String, &Counter)| {
            let seconds = counter.seconds.iter();
            let seconds = seconds.map(|(at, calls)| json!({ "at": at, "calls": calls }));
            json!({
                "method": method,
                "calls": counter.calls,
                "faults": counter.faults,
                "peakPerSecond": counter.peak,
                "seconds": seconds.collect::<Vec<_>>(),
            })
        };
        methods.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_each_method_and_second() {
        let calls = Calls::default();

        for at in [1000, 1500, 1999, 2000] {
            calls.note("jobs.get", at);
        }
        calls.note_fault("jobs.get");

        let entry = &calls.describe()[0];
        assert_eq!((&entry["calls"], &entry["faults"]), (&json!(4), &json!(1)));
        assert_eq!(entry["peakPerSecond"], 3);
        assert_eq!(entry["seconds"][1], json!({ "at": 2, "calls": 1 }));
    }
}
