//! A job's life: checked, written down, run in a slot, ended.

mod copy;
mod extract;
mod load;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use duckdb::Connection;
use tracing::{debug, error, info};

use super::config::{Destination, JobKind, QueryConfig};
use super::ledger;
use super::record::{JobKey, JobRecord, JobState, Outcome, Output, now_ms};
use super::registry::Job;
use super::request::Request;
use super::statements::{keep_rows, made, skipped};
use crate::catalog::Catalog;
use crate::error::{BqError, Reason};
use crate::faults::Facts;
use crate::ids::DatasetId;
use crate::query::{self, RESULT};
use crate::ranges::Ranges;
use crate::sql::{self, Scope};
use crate::statements;
use crate::warehouse::Warehouse;
use crate::write::{self, Rows, Written};

/// The location of jobs that name none and read nothing.
const DEFAULT_LOCATION: &str = "US";

impl Warehouse {
    /// What a query would do; no job is made.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub(crate) fn dry_run(&self, request: &Request) -> Result<JobRecord, BqError> {
        let kind = JobKind::parse(&request.configuration, &request.project)?;
        let JobKind::Query(config) = &kind else {
            return Err(BqError::invalid("Only query jobs can be run dry"));
        };
        let location = self.location(request, &kind);
        let connection = self.connection()?;
        let catalog = self.catalog();
        if let Some(destination) = &config.destination {
            located(&catalog, &destination.table.dataset_id(), &location)?;
        }
        let output =
            statements::dry_run(&connection, &catalog, config, &request.project, &location)?;
        let now = now_ms();
        let outcome = Outcome::Success(output);
        Ok(JobRecord {
            key: JobKey { project: request.project.clone(), location, job_id: String::new() },
            configuration: request.configuration.clone(),
            created_ms: now,
            state: JobState::Done { started_ms: now, ended_ms: now, outcome },
            parent: None,
            deleted: false,
        })
    }

    /// Makes a job and starts it in the background.
    ///
    /// # Errors
    /// `duplicate` for a used id, `invalid` for a configuration that cannot be a job.
    pub(crate) fn submit(self: &Arc<Self>, request: Request) -> Result<Arc<Job>, BqError> {
        let kind = JobKind::parse(&request.configuration, &request.project)?;
        let location = self.location(&request, &kind);
        let timeout = request.timeout()?;
        let job_id =
            request.job_id.unwrap_or_else(|| format!("job_{}", uuid::Uuid::new_v4().simple()));
        let key = JobKey { project: request.project, location, job_id };
        let record = JobRecord {
            key: key.clone(),
            configuration: request.configuration,
            created_ms: now_ms(),
            state: JobState::Pending,
            parent: None,
            deleted: false,
        };
        let job = self.jobs.insert(record.clone())?;
        let written = self.connection().and_then(|c| ledger::put_job(&c, &record));
        if let Err(error) = written {
            self.jobs.remove(&key);
            return Err(error);
        }
        if let Some(timeout) = timeout {
            tokio::spawn(stop_after(Arc::clone(&job), timeout));
        }
        tokio::spawn(Arc::clone(self).work(Arc::clone(&job), kind, request.upload));
        Ok(job)
    }

    fn location(&self, request: &Request, kind: &JobKind) -> String {
        let catalog = self.catalog();
        let of_dataset = |id| catalog.dataset(&id).ok().map(|dataset| dataset.location.clone());
        let found = request
            .location
            .clone()
            .or_else(|| of_dataset(kind.destination()?.table.dataset_id()))
            .or_else(|| match kind {
                JobKind::Query(config) => query::location_of(&catalog, config, &request.project),
                JobKind::Copy(config) => of_dataset(config.sources.first()?.table.dataset_id()),
                JobKind::Extract(config) => of_dataset(config.source.table.dataset_id()),
                JobKind::Load(_) => None,
            });
        found.unwrap_or_else(|| DEFAULT_LOCATION.into()).to_uppercase()
    }

    async fn work(self: Arc<Self>, job: Arc<Job>, kind: JobKind, upload: Option<Vec<u8>>) {
        let latency = self.faults.latency(&Facts::of_record(&job.record()));
        if !pass(&job, latency.pending).await {
            self.end(&job, now_ms(), stop_reason(&job));
            return;
        }
        let mut begun = None;
        if !latency.running.is_zero() {
            // The wait is outside of the slots: it is BigQuery's time and not this machine's.
            let (warehouse, begins) = (Arc::clone(&self), Arc::clone(&job));
            let destination = kind.destination().cloned();
            let begin = move || warehouse.begin(&begins, destination.as_ref());
            let started_ms = match tokio::task::spawn_blocking(begin).await {
                Ok(Ok(started_ms)) => started_ms,
                Ok(Err(error)) => return self.end(&job, now_ms(), error),
                Err(panic) => return self.broke_off(&job, &panic),
            };
            if !pass(&job, latency.running).await {
                return self.end(&job, started_ms, stop_reason(&job));
            }
            begun = Some(started_ms);
        }
        // A cancelled job leaves the queue at once.
        let slot = tokio::select! {
            slot = self.slots.acquire() => slot,
            () = job.stop_asked() => {
                self.end(&job, begun.unwrap_or_else(now_ms), stop_reason(&job));
                return;
            }
        };
        let warehouse = Arc::clone(&self);
        let blocking = Arc::clone(&job);
        let run =
            tokio::task::spawn_blocking(move || warehouse.run(&blocking, &kind, upload, begun));
        if let Err(panic) = run.await {
            self.broke_off(&job, &panic);
        }
        drop(slot);
    }

    fn broke_off(&self, job: &Job, panic: &tokio::task::JoinError) {
        error!(job = %job.record().key, error = %panic, "a job's thread broke off");
        let why = "The local warehouse failed inside; its log says more";
        self.end(job, now_ms(), BqError::new(Reason::BackendError, why));
    }

    /// Notes that the job's work begins, and shows it.
    fn begin(&self, job: &Job, destination: Option<&Destination>) -> Result<i64, BqError> {
        check(job)?;
        let started_ms = now_ms();
        let connection = self.connection()?;
        let key = job.record().key;
        ledger::note_execution(&connection, &key, destination)?;
        job.set_state(JobState::Running { started_ms });
        debug!(job = %key, "a job runs");
        Ok(started_ms)
    }

    fn run(&self, job: &Job, kind: &JobKind, upload: Option<Vec<u8>>, begun: Option<i64>) {
        let begun = begun.map_or_else(|| self.begin(job, kind.destination()), Ok);
        let started_ms = *begun.as_ref().unwrap_or(&now_ms());
        let result = begun.and_then(|started_ms| self.execute(job, kind, upload, started_ms));
        if let Err(error) = result {
            // What broke off because of a cancel is reported as the cancel.
            let error = job.stopped().unwrap_or(error);
            self.end(job, started_ms, error);
        }
    }

    fn execute(
        &self,
        job: &Job,
        kind: &JobKind,
        upload: Option<Vec<u8>>,
        started_ms: i64,
    ) -> Result<(), BqError> {
        check(job)?;
        let connection = self.connection()?;
        let JobRecord { key, .. } = job.record();
        if let Some(error) = self.faults.end(&Facts::of_record(&job.record())) {
            return Err(error);
        }
        if let Some(destination) = kind.destination() {
            self.faults.take_quota(&destination.table, self.partitioned(destination), now_ms())?;
        }
        job.set_handle(Some(connection.interrupt_handle()));
        let result = match kind {
            JobKind::Query(config) => self.query(job, &connection, config, started_ms),
            JobKind::Load(config) => self.load(job, &connection, config, upload, started_ms),
            JobKind::Copy(config) => self.copy(job, &connection, config, started_ms),
            JobKind::Extract(config) => self.extract(job, &connection, config, started_ms),
        };
        job.set_handle(None);
        query::forget(&connection);
        let record = result?;
        info!(job = %key, rows = record.output().map(|output| output.rows), "a job is done");
        job.set_state(record.state);
        Ok(())
    }

    fn query(
        &self,
        job: &Job,
        connection: &Connection,
        config: &QueryConfig,
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        let record = job.record();
        let JobKey { project, location, .. } = &record.key;
        let catalog = self.catalog();
        if let Some(destination) = &config.destination {
            located(&catalog, &destination.table.dataset_id(), location)?;
        }
        let steps = sql::read(&config.sql)?;
        let Some((query, text, session)) = sql::only_query(&steps) else {
            return self.statements(job, connection, config, &steps, started_ms);
        };
        if let Some(output) = skipped(&catalog, config) {
            return put_done(connection, &record, started_ms, output);
        }
        let scope = Scope {
            catalog: &catalog,
            project,
            default_dataset: config.default_dataset.as_ref(),
            parameters: &config.parameters,
            session: &session,
        };
        let plan = query::plan(connection, query, text, &scope, location)?;
        if let Some(most) = config.bytes_max.filter(|most| plan.bytes > *most) {
            let message = format!(
                "Query exceeded limit for bytes billed: {most}. {} or higher required.",
                plan.bytes
            );
            return Err(BqError::new(Reason::BytesBilledLimitExceeded, message));
        }
        check(job)?;
        query::run(connection, &plan)?;
        check(job)?;
        let effect = Box::new(made(&catalog, config));
        let output =
            Output { fields: plan.fields.clone(), bytes: plan.bytes, effect, ..Output::default() };
        let Some(destination) = &config.destination else {
            return keep_rows(connection, &record, started_ms, output);
        };
        let rows = Rows { from: RESULT, fields: &plan.fields };
        self.finish(job, connection, destination, &rows, started_ms, &output)
    }

    /// Writes the rows of the temporary table; the end of the job is part of the commit.
    fn finish(
        &self,
        job: &Job,
        connection: &Connection,
        destination: &Destination,
        rows: &Rows<'_>,
        started_ms: i64,
        output: &Output,
    ) -> Result<JobRecord, BqError> {
        let record = job.record();
        let output = |written: &Written| Output {
            rows: written.rows,
            from: written.from.clone(),
            fields: written.fields.clone(),
            ..output.clone()
        };
        let end = RefCell::new(None);
        let written = write::write(self, connection, destination, rows, &|c, written| {
            check(job)?;
            end.replace(Some(put_done(c, &record, started_ms, output(written))?));
            Ok(())
        })?;
        Ok(end.take().unwrap_or_else(|| done(&record, started_ms, output(&written))))
    }

    /// Whether a job changes one partition or a table without partitions, which have different quotas.
    fn partitioned(&self, destination: &Destination) -> bool {
        let catalog = self.catalog();
        match catalog.find(&destination.table) {
            Some(table) => table.partitioning.is_some() || Ranges::of(table).is_some(),
            None => destination.partitioning.is_some() || destination.decorator.is_some(),
        }
    }

    /// Ends a job that wrote nothing.
    fn end(&self, job: &Job, started_ms: i64, error: BqError) {
        let mut record = job.record();
        info!(job = %record.key, reason = error.reason.name(), "a job failed");
        let outcome = Outcome::Failure(error);
        record.state = JobState::Done { started_ms, ended_ms: now_ms(), outcome };
        let written = self.connection().and_then(|c| ledger::put_job(&c, &record));
        if let Err(error) = written {
            error!(job = %record.key, %error, "the end of a job could not be written down");
        }
        job.set_state(record.state);
    }
}

fn done(record: &JobRecord, started_ms: i64, output: Output) -> JobRecord {
    let state =
        JobState::Done { started_ms, ended_ms: now_ms(), outcome: Outcome::Success(output) };
    JobRecord { state, ..record.clone() }
}

pub(super) fn put_done(
    connection: &Connection,
    record: &JobRecord,
    started_ms: i64,
    output: Output,
) -> Result<JobRecord, BqError> {
    let record = done(record, started_ms, output);
    ledger::put_job(connection, &record)?;
    Ok(record)
}

/// A dataset that must be where the job runs.
fn located(catalog: &Catalog, id: &DatasetId, location: &str) -> Result<(), BqError> {
    match catalog.dataset(id)?.location.eq_ignore_ascii_case(location) {
        true => Ok(()),
        false => Err(BqError::not_found(format_args!(
            "Dataset {id} was not found in location {location}"
        ))),
    }
}

/// Lets time pass; false when the job was stopped meanwhile.
async fn pass(job: &Job, time: Duration) -> bool {
    if time.is_zero() {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = job.stop_asked() => false,
    }
}

pub(super) fn check(job: &Job) -> Result<(), BqError> {
    job.stopped().map_or(Ok(()), Err)
}

fn stop_reason(job: &Job) -> BqError {
    job.stopped().unwrap_or_else(|| BqError::new(Reason::Stopped, "Job execution was cancelled"))
}

async fn stop_after(job: Arc<Job>, timeout: Duration) {
    tokio::select! {
        () = job.ended() => {}
        () = tokio::time::sleep(timeout) => {
            let why = format!("Job execution was cancelled: Job timed out after {} ms", timeout.as_millis());
            job.cancel(BqError::new(Reason::Stopped, why)).await;
        }
    }
}
