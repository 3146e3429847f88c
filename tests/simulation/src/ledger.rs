//! The ledger: what was done, and what must never be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use himekuri_protocol::{AttemptId, TaskId, TryNo};

/// A try of a task.
pub type Try = (AttemptId, TaskId, TryNo);

/// Figures of one seed or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Jobs that BigQuery took.
    pub submitted: u64,
    /// Jobs that ran to their end.
    pub billed: u64,
    /// Attempts that ended.
    pub attempts: u64,
    /// Tasks that ended well.
    pub tasks: u64,
    /// Attempts that were killed.
    pub killed: u64,
    /// Tries in the logs.
    pub tries: u64,
    /// Must be 0: see [`Counters::bad`].
    pub billed_twice: u64,
    /// Must be 0.
    pub two_live_jobs: u64,
    /// Must be 0.
    pub stale_overwrites: u64,
    /// Must be 0.
    pub lost: u64,
    /// Must be 0.
    pub stuck: u64,
    /// Must be 0.
    pub failed_without_cause: u64,
    /// Must be 0.
    pub acknowledged_unreported: u64,
    /// Must be 0.
    pub ran_on: u64,
    /// Must be 0.
    pub written_by_deposed: u64,
}

impl Counters {
    /// What must be 0, with its name.
    #[must_use]
    pub fn bad(&self) -> [(&'static str, u64); 9] {
        [
            ("billed twice for one try", self.billed_twice),
            ("two live jobs on a partition", self.two_live_jobs),
            ("overwritten by an older run", self.stale_overwrites),
            ("lost", self.lost),
            ("stuck", self.stuck),
            ("failed without cause", self.failed_without_cause),
            ("acknowledged before reported", self.acknowledged_unreported),
            ("job ran on after its attempt", self.ran_on),
            ("written by a deposed leader", self.written_by_deposed),
        ]
    }

    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bad().iter().all(|(_, count)| *count == 0)
    }

    /// Adds another seed's figures.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.submitted, other.submitted),
            (&mut self.billed, other.billed),
            (&mut self.attempts, other.attempts),
            (&mut self.tasks, other.tasks),
            (&mut self.tries, other.tries),
            (&mut self.billed_twice, other.billed_twice),
            (&mut self.two_live_jobs, other.two_live_jobs),
            (&mut self.stale_overwrites, other.stale_overwrites),
            (&mut self.lost, other.lost),
            (&mut self.stuck, other.stuck),
            (&mut self.failed_without_cause, other.failed_without_cause),
            (&mut self.acknowledged_unreported, other.acknowledged_unreported),
            (&mut self.ran_on, other.ran_on),
            (&mut self.written_by_deposed, other.written_by_deposed),
            (&mut self.killed, other.killed),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}

/// Written while a seed runs.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) counters: Counters,
    /// A sentence for each bad thing.
    pub(crate) findings: Vec<String>,
    /// Tries whose report is in the reports queue.
    reported: BTreeSet<Try>,
    /// How often each job ran to its end.
    pub(crate) billed: BTreeMap<String, u64>,
}

impl Ledger {
    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// BigQuery took a job.
    pub fn submitted(&self, _job: &str) {
        self.entries().counters.submitted += 1;
    }

    /// A job ran to its end.
    pub fn billed(&self, job: &str) {
        let mut entries = self.entries();
        entries.counters.billed += 1;
        *entries.billed.entry(job.to_owned()).or_default() += 1;
    }

    /// A job was sent while another ran on its partition.
    pub fn two_live_jobs(&self, partition: &str, live: &str, sent: &str) {
        self.find(
            |counters| &mut counters.two_live_jobs,
            format!("{partition}: job {sent} was sent while {live} ran"),
        );
    }

    /// A job has overwritten what a later one had written.
    pub fn stale_overwrite(&self, partition: &str, later: &str, older: &str) {
        self.find(
            |counters| &mut counters.stale_overwrites,
            format!("{partition}: job {older} overwrote what the later {later} had written"),
        );
    }

    /// A report of a try is confirmed.
    pub fn reported(&self, of: Try) {
        self.entries().reported.insert(of);
    }

    /// A task message was acknowledged.
    pub fn acknowledged(&self, of: Try) {
        if !self.entries().reported.contains(&of) {
            let (attempt, task, try_no) = of;
            self.find(
                |counters| &mut counters.acknowledged_unreported,
                format!("attempt {attempt}, task {task}, try {try_no}: acknowledged, and no report is confirmed"),
            );
        }
    }

    /// A store took what a deposed leader wrote.
    pub fn written_by_deposed(&self, attempt: AttemptId) {
        self.find(
            |counters| &mut counters.written_by_deposed,
            format!("attempt {attempt}: a deposed leader's commit was taken"),
        );
    }

    /// Something bad was found.
    pub fn find(&self, counter: impl FnOnce(&mut Counters) -> &mut u64, finding: String) {
        tracing::error!("FINDING {finding}");
        let mut entries = self.entries();
        *counter(&mut entries.counters) += 1;
        entries.findings.push(finding);
    }
}
