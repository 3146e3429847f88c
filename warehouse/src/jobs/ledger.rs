//! What was really executed, in the data folder: jobs and a count of executions.
//!
//! Both tables only grow: rows that are never changed cannot conflict, however many jobs commit.

use duckdb::{Connection, params};
use serde_json::{Value, json};

use super::record::{JobKey, JobRecord, JobState, Outcome, now_ms};
use crate::catalog::SCHEMA;
use crate::error::{BqError, Reason};
use crate::jobs::config::Destination;

/// Creates the tables when the data folder is new.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn prepare(connection: &Connection) -> Result<(), BqError> {
    Ok(connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {SCHEMA}.jobs (job VARCHAR, version BIGINT, record VARCHAR);
         CREATE TABLE IF NOT EXISTS {SCHEMA}.executions
            (project VARCHAR, location VARCHAR, job_id VARCHAR,
             dest_project VARCHAR, dataset VARCHAR, name VARCHAR, decorator VARCHAR, at_ms BIGINT);"
    ))?)
}

/// Writes the newest version of a job's record.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn put_job(connection: &Connection, record: &JobRecord) -> Result<(), BqError> {
    let version = match record.state {
        JobState::Pending => 0,
        JobState::Running { .. } => 1,
        JobState::Done { .. } if record.deleted => 3,
        JobState::Done { .. } => 2,
    };
    let text = serde_json::to_string(record).map_err(|error| damaged(&error))?;
    connection.execute(
        &format!("INSERT INTO {SCHEMA}.jobs VALUES (?, ?, ?)"),
        params![record.key.to_string(), version, text],
    )?;
    Ok(())
}

/// Reads all jobs. One that was not over when the last process ended becomes an error: nothing of
/// it was written, because data and `DONE` are one commit.
///
/// # Errors
/// `backendError` when the data folder cannot be read or written.
pub(crate) fn load(connection: &Connection) -> Result<Vec<JobRecord>, BqError> {
    let mut statement = connection
        .prepare(&format!("SELECT arg_max(record, version) FROM {SCHEMA}.jobs GROUP BY job"))?;
    let texts: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut records = Vec::with_capacity(texts.len());
    for text in texts {
        let mut record: JobRecord = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        let started_ms = match record.state {
            JobState::Done { .. } => None,
            JobState::Pending => Some(record.created_ms),
            JobState::Running { started_ms } => Some(started_ms),
        };
        if let Some(started_ms) = started_ms {
            let error = BqError::new(
                Reason::BackendError,
                "The local warehouse ended while this job was not done; nothing was written",
            );
            let outcome = Outcome::Failure(error);
            record.state = JobState::Done { started_ms, ended_ms: now_ms(), outcome };
            put_job(connection, &record)?;
        }
        records.push(record);
    }
    records.sort_by_key(|record| record.created_ms);
    forget_results(connection, &records)?;
    Ok(records)
}

/// Removes results without destination after the time that BigQuery keeps them.
fn forget_results(connection: &Connection, records: &[JobRecord]) -> Result<(), BqError> {
    const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
    let oldest = now_ms() - KEPT_MS;
    let old = records.iter().filter(|record| record.created_ms < oldest);
    let results = old.filter_map(JobRecord::output).filter(|output| output.anonymous.is_some());
    for output in results {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", output.from))?;
    }
    Ok(())
}

/// Notes that a job's work begins. This is a commit of its own, before the work: a crash in between
/// is counted, too.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn note_execution(
    connection: &Connection,
    key: &JobKey,
    destination: Option<&Destination>,
) -> Result<(), BqError> {
    let table = destination.map(|destination| &destination.table);
    connection.execute(
        &format!("INSERT INTO {SCHEMA}.executions VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        params![
            key.project,
            key.location,
            key.job_id,
            table.map(|table| &table.project),
            table.map(|table| &table.dataset),
            table.map(|table| &table.table),
            destination.and_then(|destination| destination.decorator.as_ref()),
            now_ms(),
        ],
    )?;
    Ok(())
}

/// The answer of `GET /himekuri/v1/executions`.
///
/// # Errors
/// `backendError` when the data folder cannot be read.
pub(crate) fn executions(connection: &Connection) -> Result<Value, BqError> {
    let mut statement = connection.prepare(&format!(
        "SELECT project, location, job_id, count(*) FROM {SCHEMA}.executions
         GROUP BY ALL ORDER BY ALL"
    ))?;
    let jobs = statement.query_map([], |row| {
        Ok(json!({
            "project": row.get::<_, String>(0)?,
            "location": row.get::<_, String>(1)?,
            "jobId": row.get::<_, String>(2)?,
            "executions": row.get::<_, i64>(3)?,
        }))
    })?;
    let jobs: Vec<Value> = jobs.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare(&format!(
        "SELECT dest_project, dataset, name, decorator,
                count(DISTINCT (project, location, job_id)), count(*)
         FROM {SCHEMA}.executions WHERE name IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ))?;
    let destinations = statement.query_map([], |row| {
        Ok(json!({
            "project": row.get::<_, String>(0)?,
            "dataset": row.get::<_, String>(1)?,
            "table": row.get::<_, String>(2)?,
            "partition": row.get::<_, Option<String>>(3)?,
            "jobs": row.get::<_, i64>(4)?,
            "executions": row.get::<_, i64>(5)?,
        }))
    })?;
    let destinations: Vec<Value> = destinations.collect::<Result<_, _>>()?;
    Ok(json!({ "jobs": jobs, "destinations": destinations }))
}

fn damaged(error: &serde_json::Error) -> BqError {
    BqError::new(
        Reason::BackendError,
        format!("a job record of the data folder is damaged: {error}"),
    )
}
