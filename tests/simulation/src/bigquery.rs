//! BigQuery as the pool meets it: jobs with fixed ids that run for a time and then truncate a partition.
//!
//! Only what the promises of the pool depend on: an id exists once, a job runs on whatever becomes of those who asked for
//! it, the last job to end has written the partition. Facts: BigQuery REST `jobs.insert`, `jobs.get`, `jobs.cancel`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use gcp_bigquery_client::model::error_proto::ErrorProto;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::job_statistics::JobStatistics;
use gcp_bigquery_client::model::job_status::JobStatus;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ledger::Ledger;

/// The location of all jobs.
const LOCATION: &str = "US";

/// A job that is done is still given to those who ask; nothing is forgotten unless it is told so.
#[derive(Debug, Default)]
pub(crate) struct Warehouse {
    jobs: BTreeMap<String, SimJob>,
    /// Ends of jobs that run, in order.
    ends: BTreeMap<(Instant, u64), String>,
    /// Jobs that run, by what they write.
    writers: BTreeMap<String, BTreeSet<String>>,
    /// Jobs that are done, in the order of their ends, if they are to be forgotten.
    done: VecDeque<(Instant, String)>,
    known_for: Option<Duration>,
    partitions: BTreeMap<String, Written>,
    inserted: u64,
}

/// What the last job that ended has left in a partition.
#[derive(Clone, Debug)]
struct Written {
    job_id: String,
    inserted: u64,
}

/// How a job will end if nobody stops it.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    /// How long it runs.
    pub(crate) runs_for: Duration,
    /// BigQuery's reason, if it fails.
    pub(crate) fails: Option<&'static str>,
}

/// A job: of what was sent, only what somebody asks for. The whole is some 5 KB.
#[derive(Clone, Debug)]
pub(crate) struct SimJob {
    reference: JobReference,
    labels: HashMap<String, String>,
    destination: Option<String>,
    inserted: u64,
    inserted_at: Instant,
    ends_at: Instant,
    fails: Option<String>,
    /// Whether it has ended.
    pub(crate) done: bool,
}

impl SimJob {
    /// Whether it ended, and ended well.
    pub(crate) fn succeeded(&self) -> bool {
        self.done && self.fails.is_none() && !self.is_tombstone()
    }

    /// Whether it only keeps its id from being used (`docs/decisions/0014-a-tombstone-ends-a-job-that-never-began.md`).
    pub(crate) fn is_tombstone(&self) -> bool {
        self.labels.contains_key("himekuri_canceled")
    }

    /// How long it is known.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.duration_since(self.inserted_at)
    }

    /// When it ends.
    pub(crate) fn ends_at(&self) -> Instant {
        self.ends_at
    }

    fn listed(&self) -> Value {
        let mut parts = self.destination.as_deref().unwrap_or_default().splitn(3, '.');
        let table = json!({
            "projectId": parts.next(),
            "datasetId": parts.next(),
            "tableId": parts.next(),
        });
        json!({
            "jobReference": self.reference,
            "configuration": {"labels": self.labels, "query": {"destinationTable": table}},
        })
    }

    fn answer(&self) -> Job {
        let error = self.fails.as_ref().filter(|_| self.done).map(|reason| ErrorProto {
            reason: Some(reason.clone()),
            message: Some(format!("the simulation says {reason}")),
            ..ErrorProto::default()
        });
        let state = if self.done { "DONE" } else { "RUNNING" };
        Job {
            status: Some(JobStatus {
                state: Some(state.to_owned()),
                error_result: error,
                errors: None,
            }),
            statistics: Some(JobStatistics::default()),
            job_reference: Some(self.reference.clone()),
            configuration: Some(JobConfiguration {
                labels: Some(self.labels.clone()),
                ..JobConfiguration::default()
            }),
            ..Job::default()
        }
    }
}

impl Warehouse {
    /// Takes a job; `None` if its id exists.
    pub(crate) fn insert(&mut self, job: Job, fate: Fate, ledger: &Ledger) -> Option<Job> {
        let now = Instant::now();
        self.settle(now, ledger);
        let reference = job.job_reference.clone().unwrap_or_default();
        let id = reference.job_id.clone().unwrap_or_default();
        if self.jobs.contains_key(&id) {
            return None;
        }
        let destination = destination_of(&job);
        if let Some(destination) = &destination {
            let writers = self.writers.entry(destination.clone()).or_default();
            for live in writers.iter() {
                ledger.two_live_jobs(destination, live, &id);
            }
            writers.insert(id.clone());
        }
        self.inserted += 1;
        let ends_at = now + fate.runs_for;
        let located = JobReference { location: Some(LOCATION.to_owned()), ..reference };
        let sim = SimJob {
            reference: located,
            labels: job.configuration.and_then(|of| of.labels).unwrap_or_default(),
            destination,
            inserted: self.inserted,
            inserted_at: now,
            ends_at,
            fails: fate.fails.map(str::to_owned),
            done: false,
        };
        ledger.submitted(&id);
        tracing::info!(
            "job {id} runs for {:?}, to {:?}, fails: {:?}",
            fate.runs_for,
            sim.destination,
            sim.fails
        );
        let answer = sim.answer();
        self.ends.insert((ends_at, sim.inserted), id.clone());
        self.jobs.insert(id, sim);
        Some(answer)
    }

    /// The jobs of a GCP project that run, as `jobs.list` tells them.
    pub(crate) fn list(&mut self, project: &str, ledger: &Ledger) -> Vec<Value> {
        self.settle(Instant::now(), ledger);
        let live = self.ends.values().filter_map(|id| self.jobs.get(id));
        let of_project = live.filter(|job| job.reference.project_id.as_deref() == Some(project));
        of_project.map(SimJob::listed).collect()
    }

    /// A job's state now.
    pub(crate) fn get(&mut self, id: &str, ledger: &Ledger) -> Option<Job> {
        self.settle(Instant::now(), ledger);
        self.jobs.get(id).map(SimJob::answer)
    }

    /// A job.
    pub(crate) fn job(&self, id: &str) -> Option<&SimJob> {
        self.jobs.get(id)
    }

    /// Stops a job in `delay`, unless it ends before; whether there is such a job.
    pub(crate) fn cancel(&mut self, id: &str, delay: Duration, ledger: &Ledger) -> bool {
        let now = Instant::now();
        self.settle(now, ledger);
        let Some(job) = self.jobs.get_mut(id) else { return false };
        let stops_at = now + delay;
        if !job.done && stops_at < job.ends_at {
            self.ends.remove(&(job.ends_at, job.inserted));
            job.ends_at = stops_at;
            job.fails = Some("stopped".to_owned());
            self.ends.insert((stops_at, job.inserted), id.to_owned());
        }
        true
    }

    /// Ends the jobs whose time has come, in the order of their ends.
    pub(crate) fn settle(&mut self, now: Instant, ledger: &Ledger) {
        self.forget(now);
        while let Some(((ends_at, _), _)) = self.ends.first_key_value()
            && *ends_at <= now
            && let Some(((ends_at, _), id)) = self.ends.pop_first()
        {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            job.done = true;
            if let Some(destination) = &job.destination
                && let Some(writers) = self.writers.get_mut(destination)
            {
                writers.remove(&id);
                if writers.is_empty() {
                    self.writers.remove(destination);
                }
            }
            if self.known_for.is_some() {
                self.done.push_back((ends_at, id.clone()));
            }
            tracing::info!("job {id} is DONE, {:?}", job.fails);
            if job.fails.as_deref() != Some("stopped") && !job.is_tombstone() {
                ledger.billed(&id);
            }
            if job.fails.is_some() {
                continue;
            }
            let Some(destination) = &job.destination else { continue };
            let written = Written { job_id: id.clone(), inserted: job.inserted };
            if let Some(before) = self.partitions.insert(destination.clone(), written)
                && before.inserted > job.inserted
            {
                ledger.stale_overwrite(destination, &before.job_id, &id);
            }
        }
    }

    /// Jobs that run.
    pub(crate) fn running(&self) -> usize {
        self.ends.len()
    }

    /// Partitions that were written.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// From now on, jobs are forgotten so long after their end. BigQuery keeps them for six months; 1,000,000 of them would
    /// be most of the simulation's memory.
    pub(crate) fn forget_after(&mut self, known_for: Duration) {
        self.known_for = Some(known_for);
    }

    fn forget(&mut self, now: Instant) {
        let Some(known_for) = self.known_for else { return };
        while let Some((ended_at, _)) = self.done.front()
            && now.duration_since(*ended_at) > known_for
            && let Some((_, id)) = self.done.pop_front()
        {
            self.jobs.remove(&id);
        }
    }
}

fn destination_of(job: &Job) -> Option<String> {
    let table = job.configuration.as_ref()?.query.as_ref()?.destination_table.as_ref()?;
    Some(format!("{}.{}.{}", table.project_id, table.dataset_id, table.table_id))
}
