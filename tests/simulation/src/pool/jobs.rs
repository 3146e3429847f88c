//! The calls of BigQuery, with everything that can go wrong on the way.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::model::job::Job;
use himekuri_bigquery::{Answer, Call, Jobs, Why};
use himekuri_protocol::JobReference;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bigquery::Fate;
use crate::faults::Fault;
use crate::life::Life;

/// How long a job may be unknown after it was accepted (python-bigquery#2134).
const UNKNOWN_FOR: Duration = Duration::from_secs(5);

/// Failures of a task's jobs that are drawn at most: `_retry` must be able to get over them.
pub(crate) const FAILURES_MAX: u64 = 3;

/// BigQuery as one program sees it.
pub(crate) struct SimJobs {
    pub(crate) life: Arc<Life>,
}

impl SimJobs {
    fn strikes(&self, fault: Fault) -> bool {
        self.life.world.faults.strikes(fault, &self.life.world.dice)
    }

    /// On the way there.
    async fn go(&self) -> Result<(), Answer> {
        self.life.enter().await;
        self.life.travel().await;
        if self.strikes(Fault::BigQuerySilent) {
            std::future::pending::<()>().await;
        }
        match self.strikes(Fault::BigQueryDown) {
            true => Err(transient("backendError")),
            false => Ok(()),
        }
    }

    fn fate(&self, job: &Job) -> Fate {
        let (world, dice) = (&self.life.world, &self.life.world.dice);
        let runs_for = match self.strikes(Fault::JobSlow) {
            true => dice.millis(25_000..120_000),
            false => dice.millis(100..4_000),
        };
        let reasons = ["quotaExceeded", "rateLimitExceeded", "backendError", "internalError"];
        let fails = world.may_fail(job) && self.strikes(Fault::JobFailed);
        let fails = fails.then(|| dice.pick(&reasons).copied()).flatten();
        if fails.is_some() {
            world.fails(job);
        }
        Fate { runs_for, fails }
    }
}

#[async_trait]
impl Jobs for SimJobs {
    async fn location(&self, _project: &str, _dataset: &str) -> Result<Option<String>, Answer> {
        self.go().await?;
        self.life.leave().await;
        Ok(None)
    }

    async fn insert(&self, _project: &str, job: Value) -> Result<Job, Answer> {
        let job: Job = serde_json::from_value(job).map_err(|error| {
            Answer::Rejected(Why { reason: "invalid".to_owned(), message: error.to_string() })
        })?;
        self.go().await?;
        if self.strikes(Fault::InsertQuota) {
            return Err(transient("rateLimitExceeded"));
        }
        let world = &self.life.world;
        let id = job.job_reference.as_ref().and_then(|of| of.job_id.clone()).unwrap_or_default();
        let inserted = {
            let mut warehouse = world.warehouse();
            match warehouse.job(&id) {
                Some(_) => None,
                None => {
                    let fate = self.fate(&job);
                    warehouse.insert(job, fate, &world.ledger)
                }
            }
        };
        self.life.leave().await;
        match inserted {
            Some(_) if self.strikes(Fault::InsertReplyLost) => Err(transient("backendError")),
            Some(job) => Ok(job),
            None => Err(Answer::AlreadyExists(format!("Already Exists: Job gcp:US.{id}"))),
        }
    }

    async fn call(&self, project: &str, call: Call) -> Result<Value, Answer> {
        let states = call.query.iter().filter(|(name, _)| *name == "stateFilter");
        let is_list = call.path.last().is_some_and(|last| last == "jobs")
            && states.into_iter().all(|(_, state)| state != "done");
        if !is_list {
            return Err(Answer::Rejected(why("notImplemented")));
        }
        self.go().await?;
        let world = &self.life.world;
        let jobs = world.warehouse().list(project, &world.ledger);
        self.life.leave().await;
        Ok(json!({"jobs": jobs}))
    }

    async fn get(&self, _project: &str, job: &JobReference) -> Result<Job, Answer> {
        self.go().await?;
        let world = &self.life.world;
        let found = {
            let mut warehouse = world.warehouse();
            let young = warehouse
                .job(&job.job_id)
                .is_some_and(|found| found.age(Instant::now()) < UNKNOWN_FOR);
            let found = warehouse.get(&job.job_id, &world.ledger);
            found.filter(|_| !(young && self.strikes(Fault::JobUnknown)))
        };
        self.life.leave().await;
        found.ok_or_else(|| Answer::NotFound(why("notFound")))
    }

    async fn cancel(&self, _project: &str, job: &JobReference) -> Result<(), Answer> {
        self.go().await?;
        let world = &self.life.world;
        let delay = match self.strikes(Fault::CancelLate) {
            true => world.dice.millis(1_000..30_000),
            false => world.dice.millis(50..500),
        };
        let found = world.warehouse().cancel(&job.job_id, delay, &world.ledger);
        self.life.leave().await;
        match found {
            true => Ok(()),
            false => Err(Answer::NotFound(why("notFound"))),
        }
    }

    async fn long_poll(
        &self,
        _project: &str,
        job: &JobReference,
        timeout: Duration,
    ) -> Option<u64> {
        self.go().await.ok()?;
        let ends_at = self.life.world.warehouse().job(&job.job_id).map(|found| found.ends_at());
        let timeout = Instant::now() + timeout;
        tokio::time::sleep_until(ends_at.map_or(timeout, |end| end.min(timeout))).await;
        self.life.leave().await;
        None
    }
}

fn transient(reason: &str) -> Answer {
    Answer::Transient(why(reason))
}

fn why(reason: &str) -> Why {
    Why { reason: reason.to_owned(), message: format!("the simulation says {reason}") }
}
