//! A job's life: checked, written down, run in a slot, ended.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use duckdb::Connection;
use serde_json::Value;
use tracing::{debug, error, info};

use super::config::{JobKind, LoadConfig, QueryConfig};
use super::ledger;
use super::record::{JobKey, JobRecord, JobState, Outcome, Output, now_ms};
use super::registry::Job;
use super::statements::{keep_rows, made, skipped};
use crate::error::{BqError, Reason};
use crate::load;
use crate::query::{self, RESULT};
use crate::sql::{self, Scope};
use crate::statements;
use crate::warehouse::Warehouse;
use crate::write::{self, Rows, Written};

/// The location of jobs that name none and read nothing.
const DEFAULT_LOCATION: &str = "US";

/// A job that a caller asks for.
pub(crate) struct Request {
    pub(crate) project: String,
    /// Chosen by the caller, else made up.
    pub(crate) job_id: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) configuration: Value,
    /// The rows of a load job, newline-delimited JSON.
    pub(crate) upload: Option<Vec<u8>>,
}

impl Request {
    /// Reads a `Job` resource.
    ///
    /// # Errors
    /// `invalid` when the reference names another project or an impossible id.
    pub(crate) fn parse(project: &str, job: &Value) -> Result<Self, BqError> {
        let reference = &job["jobReference"];
        let text = |key: &str| reference[key].as_str().filter(|text| !text.is_empty());
        if text("projectId").is_some_and(|other| other != project) {
            return Err(BqError::invalid(
                "Invalid project ID in jobReference: it differs from the URL's",
            ));
        }
        let job_id = text("jobId").map(str::to_owned);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if job_id.as_ref().is_some_and(|id| id.len() > 1024 || !id.chars().all(allowed)) {
            return Err(BqError::invalid(
                "Invalid job ID. Job IDs must be alphanumeric (plus underscores and dashes) and must \
                 be at most 1024 characters long.",
            ));
        }
        Ok(Self {
            project: project.into(),
            job_id,
            location: text("location").map(str::to_owned),
            configuration: job["configuration"].clone(),
            upload: None,
        })
    }
}

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
            catalog.dataset(&destination.table.dataset_id())?;
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
        })
    }

    /// Makes a job and starts it in the background.
    ///
    /// # Errors
    /// `duplicate` for a used id, `invalid` for a configuration that cannot be a job.
    pub(crate) fn submit(self: &Arc<Self>, request: Request) -> Result<Arc<Job>, BqError> {
        let kind = JobKind::parse(&request.configuration, &request.project)?;
        let location = self.location(&request, &kind);
        let timeout = timeout(&request.configuration)?;
        let job_id =
            request.job_id.unwrap_or_else(|| format!("job_{}", uuid::Uuid::new_v4().simple()));
        let key = JobKey { project: request.project, location, job_id };
        let record = JobRecord {
            key: key.clone(),
            configuration: request.configuration,
            created_ms: now_ms(),
            state: JobState::Pending,
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
                JobKind::Load(_) => None,
            });
        found.unwrap_or_else(|| DEFAULT_LOCATION.into()).to_uppercase()
    }

    async fn work(self: Arc<Self>, job: Arc<Job>, kind: JobKind, upload: Option<Vec<u8>>) {
        // A cancelled job leaves the queue at once.
        let slot = tokio::select! {
            slot = self.slots.acquire() => slot,
            () = job.stop_asked() => {
                self.end(&job, now_ms(), stop_reason(&job));
                return;
            }
        };
        let warehouse = Arc::clone(&self);
        let blocking = Arc::clone(&job);
        let run = tokio::task::spawn_blocking(move || warehouse.run(&blocking, &kind, upload));
        if let Err(panic) = run.await {
            error!(job = %job.record().key, error = %panic, "a job's thread broke off");
            let why = "The local warehouse failed inside; its log says more";
            self.end(&job, now_ms(), BqError::new(Reason::BackendError, why));
        }
        drop(slot);
    }

    fn run(&self, job: &Job, kind: &JobKind, upload: Option<Vec<u8>>) {
        let started_ms = now_ms();
        let result = self.execute(job, kind, upload, started_ms);
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
        let key = job.record().key;
        ledger::note_execution(&connection, &key, kind.destination())?;
        job.set_state(JobState::Running { started_ms });
        debug!(job = %key, "a job runs");
        job.set_handle(Some(connection.interrupt_handle()));
        let result = match kind {
            JobKind::Query(config) => self.query(job, &connection, config, started_ms),
            JobKind::Load(config) => self.load(job, &connection, config, upload, started_ms),
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
            catalog.dataset(&destination.table.dataset_id())?;
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
        let finish = |written: &Written| Output {
            rows: written.rows,
            from: written.from.clone(),
            fields: written.fields.clone(),
            ..output.clone()
        };
        let end = RefCell::new(None);
        let written = write::write(self, connection, destination, &rows, &|c, written| {
            check(job)?;
            end.replace(Some(put_done(c, &record, started_ms, finish(written))?));
            Ok(())
        })?;
        Ok(end.take().unwrap_or_else(|| done(&record, started_ms, finish(&written))))
    }

    fn load(
        &self,
        job: &Job,
        connection: &Connection,
        config: &LoadConfig,
        upload: Option<Vec<u8>>,
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        let record = job.record();
        let upload = upload.ok_or_else(|| {
            BqError::invalid("Load configuration must specify at least one source URI")
        })?;
        let fields = load::stage(self, connection, config, upload)?;
        let rows = Rows { from: RESULT, fields: &fields };
        let finish = |written: &Written| Output {
            rows: written.rows,
            from: written.from.clone(),
            fields: written.fields.clone(),
            ..Output::default()
        };
        let end = RefCell::new(None);
        let written = write::write(self, connection, &config.destination, &rows, &|c, written| {
            check(job)?;
            end.replace(Some(put_done(c, &record, started_ms, finish(written))?));
            Ok(())
        })?;
        Ok(end.take().unwrap_or_else(|| done(&record, started_ms, finish(&written))))
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

/// `jobTimeoutMs`, a number written as text.
fn timeout(configuration: &Value) -> Result<Option<Duration>, BqError> {
    let value = &configuration["jobTimeoutMs"];
    if value.is_null() {
        return Ok(None);
    }
    let millis = value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok());
    millis
        .map(|millis| Some(Duration::from_millis(millis)))
        .ok_or_else(|| BqError::invalid(format!("Invalid value for: jobTimeoutMs: {value}")))
}
