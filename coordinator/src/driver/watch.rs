//! Asks the workers to look at jobs that outlived their first delivery.

use std::collections::BTreeMap;

use himekuri_engine::{Attempt, Phase, TaskState};
use himekuri_protocol::{
    FIRST_VERSION, JobReference, TaskId, TryNo, WatchMessage, WatchedJob, WorkerMessage,
};
use jiff::{SignedDuration, Timestamp};

use super::forgotten::full_name;
use super::{Driver, Outgoing};

/// Jobs in one message: a worker looks at them with few calls at once, and a lost message costs one period.
const JOBS_PER_MESSAGE: usize = 1_000;

/// A job is looked at again when a tenth of its age has passed, and at every round when it is older: with the age of a worker's
/// list, an end is noticed within 5 seconds (decision 0020).
const AGE_SHARE: i32 = 10;

impl Driver {
    /// One message for each batch of due jobs of the same GCP project and location.
    pub(super) fn watch(&mut self, now: Timestamp) {
        let mut jobs: BTreeMap<(Option<String>, Option<String>), Vec<WatchedJob>> = BTreeMap::new();
        let mut watched = BTreeMap::new();
        let every = SignedDuration::try_from(self.parts.watch_every).unwrap_or(SignedDuration::MAX);
        for (id, live) in &self.live {
            for (task, try_no, since, job) in submitted(&live.attempt) {
                let key = (*id, task);
                let last = self.watched.get(&key).copied().unwrap_or(since);
                let wait = (now.duration_since(since) / AGE_SHARE).min(every / 2);
                let is_due = now.duration_since(last) >= wait;
                watched.insert(key, if is_due { now } else { last });
                if is_due {
                    let place = (job.project.clone(), job.location.clone());
                    let task_name = full_name(&live.attempt, task);
                    let job = job.clone();
                    let job = WatchedJob { attempt: *id, task, try_no, task_name, job };
                    jobs.entry(place).or_default().push(job);
                }
            }
        }
        self.watched = watched;
        let messages = jobs.values().flat_map(|jobs| jobs.chunks(JOBS_PER_MESSAGE)).map(|jobs| {
            let jobs = jobs.to_vec();
            WorkerMessage::Watch(WatchMessage { version: FIRST_VERSION, jobs })
        });
        let outgoing = messages.filter_map(|message| match Outgoing::passing(&message) {
            Ok(outgoing) => Some(outgoing),
            Err(error) => {
                tracing::error!("could not write a watch message: {error}");
                None
            }
        });
        self.publish(outgoing.collect());
    }
}

/// Tasks whose job is watched, with the time of their dispatch.
fn submitted(attempt: &Attempt) -> impl Iterator<Item = (TaskId, TryNo, Timestamp, &JobReference)> {
    attempt.running().filter_map(|(task, try_no, phase)| match (phase, &task.state) {
        (Phase::Submitted { job }, TaskState::Running { since, .. }) => {
            Some((task.id, try_no, *since, job))
        }
        (
            Phase::Submitted { .. }
            | Phase::Dispatched
            | Phase::Unreachable { .. }
            | Phase::Canceling { .. },
            _,
        ) => None,
    })
}
