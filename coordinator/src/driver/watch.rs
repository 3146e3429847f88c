//! Asks the workers to look at jobs that outlived their first delivery.

use std::collections::BTreeMap;

use himekuri_engine::Phase;
use himekuri_protocol::{PROTOCOL_VERSION, WatchMessage, WatchedJob, WorkerMessage};

use super::{Driver, Outgoing};

/// Jobs in one message: a worker looks at them with few calls at once, and a lost message costs one period.
const JOBS_PER_MESSAGE: usize = 100;

impl Driver {
    /// One message for each batch of jobs of the same GCP project and location.
    pub(super) fn watch(&self) {
        let mut jobs: BTreeMap<(Option<String>, Option<String>), Vec<WatchedJob>> = BTreeMap::new();
        for (id, live) in &self.live {
            for (task, try_no, phase) in live.attempt.running() {
                match phase {
                    Phase::Submitted { job } => jobs
                        .entry((job.project.clone(), job.location.clone()))
                        .or_default()
                        .push(WatchedJob { attempt: *id, task: task.id, try_no, job: job.clone() }),
                    Phase::Dispatched | Phase::Unreachable { .. } => {}
                }
            }
        }
        let messages = jobs
            .values()
            .flat_map(|jobs| jobs.chunks(JOBS_PER_MESSAGE))
            .map(|jobs| {
                let jobs = jobs.to_vec();
                WorkerMessage::Watch(WatchMessage { version: PROTOCOL_VERSION, jobs })
            })
            .filter_map(|message| match Outgoing::watch(&message) {
                Ok(outgoing) => Some(outgoing),
                Err(error) => {
                    tracing::error!("could not write a watch message: {error}");
                    None
                }
            });
        self.publish(messages.collect());
    }
}
