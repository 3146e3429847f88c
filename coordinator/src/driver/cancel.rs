//! Asks the workers to end jobs that are not wanted any more, again and again until each is over (design D6, decision
//! 0014).

use std::collections::BTreeMap;
use std::time::Duration;

use himekuri_protocol::{
    CANCEL_VERSION, CancelMessage, CanceledJob, DatasetReference, WorkerMessage,
};
use jiff::{SignedDuration, Timestamp};

use super::forgotten::full_name;
use super::{Driver, Outgoing};

/// Jobs in one message: a worker ends 16 at once and has their patience for each, so two turns fit into a delivery.
const JOBS_PER_MESSAGE: usize = 32;

/// Shortest wait before a job is asked for again: longer than the patience of a worker that is at it.
const AGAIN: Duration = Duration::from_secs(30);

/// A job that does not end is asked for again when a tenth of the time since its cancel has passed.
const AGE_SHARE: i32 = 10;

impl Driver {
    /// One message for each batch of due jobs of the same GCP project and location. A message that is lost costs one
    /// wait; one that comes twice changes nothing.
    pub(super) fn cancel(&mut self, now: Timestamp) {
        let mut jobs: BTreeMap<(Option<String>, Option<String>), Vec<CanceledJob>> =
            BTreeMap::new();
        let mut canceled = BTreeMap::new();
        for (id, live) in &self.live {
            for canceling in live.attempt.canceling() {
                let key = (*id, canceling.task);
                let last = self.canceled.get(&key).copied();
                let is_due = last.is_none_or(|last| is_due(now, last, canceling.at));
                canceled.insert(key, last.filter(|_| !is_due).unwrap_or(now));
                if is_due {
                    let job = canceling.job.clone();
                    let place = (job.project.clone(), job.location.clone());
                    let dataset = canceling.destination.map(|table| DatasetReference {
                        project: table.project.clone(),
                        dataset: table.dataset.clone(),
                    });
                    jobs.entry(place).or_default().push(CanceledJob {
                        attempt: *id,
                        task: canceling.task,
                        try_no: canceling.try_no,
                        task_name: full_name(&live.attempt, canceling.task),
                        job,
                        dataset,
                    });
                }
            }
        }
        self.canceled = canceled;
        let messages = jobs.values().flat_map(|jobs| jobs.chunks(JOBS_PER_MESSAGE)).map(|jobs| {
            let jobs = jobs.to_vec();
            WorkerMessage::Cancel(CancelMessage { version: CANCEL_VERSION, jobs })
        });
        let outgoing = messages.filter_map(|message| match Outgoing::passing(&message) {
            Ok(outgoing) => Some(outgoing),
            Err(error) => {
                tracing::error!("could not write a cancel message: {error}");
                None
            }
        });
        self.publish(outgoing.collect());
    }
}

/// Whether a job that must end since `at` is asked for again.
fn is_due(now: Timestamp, last: Timestamp, at: Timestamp) -> bool {
    let shortest = SignedDuration::try_from(AGAIN).unwrap_or(SignedDuration::ZERO);
    let wait = (now.duration_since(at) / AGE_SHARE).max(shortest);
    now.duration_since(last) >= wait
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_job_is_asked_for_again_after_half_a_minute_and_then_more_and_more_seldom() {
        let cancelled = after(0);

        assert!(!is_due(after(29), after(0), cancelled));
        assert!(is_due(after(30), after(0), cancelled));
        assert!(!is_due(after(3_600), after(3_241), cancelled));
        assert!(is_due(after(3_600), after(3_240), cancelled));
    }
}
