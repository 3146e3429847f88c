//! The jobs in memory: unique ids, waiting for an end, cancelling.

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, RangeBounds};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use duckdb::InterruptHandle;
use tokio::sync::{Notify, watch};

use super::record::{JobKey, JobRecord, JobState, Projection};
use crate::duck::locked;
use crate::error::BqError;

/// Locations whose jobs are found without naming the location (BigQuery's page on `jobs.get`).
const FOUND_WITHOUT_LOCATION: [&str; 2] = ["US", "EU"];

/// How often a running query is told again to stop. DuckDB forgets an interrupt that comes between
/// two statements.
const INTERRUPT_EVERY: Duration = Duration::from_millis(20);

/// One job that callers and a slot share.
pub(crate) struct Job {
    record: watch::Sender<JobRecord>,
    stop: Mutex<Stop>,
    stop_asked: Notify,
    /// The entry of a list, once the job is over.
    listed: OnceLock<Arc<str>>,
}

#[derive(Default)]
struct Stop {
    why: Option<BqError>,
    handle: Option<Arc<InterruptHandle>>,
}

impl Job {
    pub(crate) fn new(record: JobRecord) -> Self {
        Self {
            record: watch::Sender::new(record),
            stop: Mutex::default(),
            stop_asked: Notify::new(),
            listed: OnceLock::new(),
        }
    }

    /// A copy of the newest record.
    pub(crate) fn record(&self) -> JobRecord {
        self.record.borrow().clone()
    }

    pub(crate) fn set_state(&self, state: JobState) {
        self.record.send_modify(|record| record.state = state);
    }

    /// The entry of a list, as JSON. That of a job that is over is written once: callers poll with lists.
    pub(crate) fn entry(&self, projection: Projection) -> Arc<str> {
        let record = self.record.borrow();
        let write = || Arc::from(record.entry(projection).to_string());
        match projection {
            Projection::Minimal if record.is_done() => Arc::clone(self.listed.get_or_init(write)),
            Projection::Minimal | Projection::Full => write(),
        }
    }

    /// Hides the job from all callers.
    pub(crate) fn delete(&self) {
        self.record.send_modify(|record| record.deleted = true);
    }

    /// Waits for the end of the job, at most this long; returns the newest record.
    pub(crate) async fn wait(&self, at_most: Duration) -> JobRecord {
        let mut receiver = self.record.subscribe();
        let _ = tokio::time::timeout(at_most, receiver.wait_for(JobRecord::is_done)).await;
        self.record()
    }

    /// Waits for the end of the job.
    pub(crate) async fn ended(&self) {
        let mut receiver = self.record.subscribe();
        // The sender lives as long as `self`.
        let _ = receiver.wait_for(JobRecord::is_done).await;
    }

    /// Why the job has to stop, if it has.
    pub(crate) fn stopped(&self) -> Option<BqError> {
        locked(&self.stop).why.clone()
    }

    /// Waits until somebody asks the job to stop.
    pub(crate) async fn stop_asked(&self) {
        self.stop_asked.notified().await;
    }

    /// Lets `cancel` reach the connection that works for this job; `None` when the work is over.
    pub(crate) fn set_handle(&self, handle: Option<Arc<InterruptHandle>>) {
        locked(&self.stop).handle = handle;
    }

    /// Asks the job to stop, and keeps asking until it has ended. The first reason stays.
    pub(crate) async fn cancel(&self, why: BqError) {
        locked(&self.stop).why.get_or_insert(why);
        // Stored when nobody waits yet.
        self.stop_asked.notify_one();
        while !self.record.borrow().is_done() {
            if let Some(handle) = &locked(&self.stop).handle {
                handle.interrupt();
            }
            self.wait(INTERRUPT_EVERY).await;
        }
    }
}

/// All jobs of the data folder.
#[derive(Default)]
pub(crate) struct Registry {
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    by_key: BTreeMap<JobKey, Arc<Job>>,
    /// The jobs of each project by their age, so that a page of a list costs no more than its entries.
    by_age: HashMap<String, BTreeMap<Place, Arc<Job>>>,
    /// How many jobs were added: jobs of one millisecond have an order, too.
    added: u64,
}

/// Where a job stands among those of its project: milliseconds since 1970, then the order of insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) created_ms: i64,
    pub(crate) number: u64,
}

impl Jobs {
    fn add(&mut self, record: JobRecord) -> Arc<Job> {
        let key = record.key.clone();
        let place = Place { created_ms: record.created_ms, number: self.added };
        self.added += 1;
        let job = Arc::new(Job::new(record));
        let of_project = self.by_age.entry(key.project.clone()).or_default();
        of_project.insert(place, Arc::clone(&job));
        self.by_key.insert(key, Arc::clone(&job));
        job
    }
}

impl Registry {
    pub(crate) fn new(records: Vec<JobRecord>) -> Self {
        let mut jobs = Jobs::default();
        for record in records {
            jobs.add(record);
        }
        Self { jobs: Mutex::new(jobs) }
    }

    /// Adds a job whose id is new.
    ///
    /// # Errors
    /// `duplicate` when the id was ever used in this project and location.
    pub(crate) fn insert(&self, record: JobRecord) -> Result<Arc<Job>, BqError> {
        let mut jobs = locked(&self.jobs);
        if jobs.by_key.contains_key(&record.key) {
            return Err(BqError::already_exists(format_args!("Job {}", record.key)));
        }
        Ok(jobs.add(record))
    }

    /// Takes back a job that could not be written down.
    pub(crate) fn remove(&self, key: &JobKey) {
        let mut jobs = locked(&self.jobs);
        if let Some(job) = jobs.by_key.remove(key)
            && let Some(of_project) = jobs.by_age.get_mut(&key.project)
        {
            of_project.retain(|_, other| !Arc::ptr_eq(other, &job));
        }
    }

    /// A job by id.
    ///
    /// # Errors
    /// `notFound`; also for a job outside US and EU when no location is given.
    pub(crate) fn get(
        &self,
        project: &str,
        job_id: &str,
        location: Option<&str>,
    ) -> Result<Arc<Job>, BqError> {
        let jobs = locked(&self.jobs);
        let find = |location: &str| {
            let location = location.to_uppercase();
            jobs.by_key.get(&JobKey { project: project.into(), location, job_id: job_id.into() })
        };
        let found = match location {
            Some(location) => find(location),
            None => FOUND_WITHOUT_LOCATION.into_iter().find_map(find),
        };
        let seen = found.filter(|job| !job.record.borrow().deleted);
        seen.cloned().ok_or_else(|| BqError::not_found(format_args!("Job {project}:{job_id}")))
    }

    /// The jobs of a project, newest first, from those before a place on. `visit` says whether it wants more.
    pub(crate) fn visit(
        &self,
        project: &str,
        range: impl RangeBounds<Place>,
        mut visit: impl FnMut(Place, &Arc<Job>, &JobRecord) -> ControlFlow<()>,
    ) {
        let jobs = locked(&self.jobs);
        let Some(of_project) = jobs.by_age.get(project) else {
            return;
        };
        for (place, job) in of_project.range(range).rev() {
            let record = job.record.borrow();
            if !record.deleted && visit(*place, job, &record).is_break() {
                return;
            }
        }
    }

    /// Jobs that are not over.
    pub(crate) fn unfinished(&self) -> Vec<Arc<Job>> {
        locked(&self.jobs)
            .by_key
            .values()
            .filter(|job| !job.record.borrow().is_done())
            .cloned()
            .collect()
    }
}
