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
                let is_due = is_due(now, last, since, every);
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

/// Whether a job that was sent at `since` is looked at again. One of the future was sent before the clock was set back.
fn is_due(now: Timestamp, last: Timestamp, since: Timestamp, every: SignedDuration) -> bool {
    let wait = (now.duration_since(since) / AGE_SHARE).min(every / 2);
    last > now || now.duration_since(last) >= wait
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

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: SignedDuration = SignedDuration::from_secs(2);

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_job_is_looked_at_when_a_tenth_of_its_age_has_passed_and_at_every_round_when_it_is_older() {
        let sent = after(0);

        assert!(!is_due(after(5), after(5), sent, EVERY));
        assert!(is_due(after(6), after(5), sent, EVERY));
        assert!(is_due(after(3_602), after(3_601), sent, EVERY));
    }

    #[test]
    fn a_job_that_was_sent_before_the_clock_was_set_back_is_looked_at_at_every_round() {
        let sent = after(3_600);

        assert!(is_due(after(0), sent, sent, EVERY));
        assert!(is_due(after(2), after(0), sent, EVERY));
    }
}
