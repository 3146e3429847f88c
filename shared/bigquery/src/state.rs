//! Where a job is.

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{JobReference, JobStatistics, TaskError};

use crate::explain::explained;
use crate::tombstone::{is_tombstone, never_began};

/// A job's state as far as the pool cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// PENDING or RUNNING; the job's full name, with the location that BigQuery gave it.
    Running(JobReference),
    /// DONE without `errorResult`.
    Succeeded(JobStatistics),
    /// DONE with `errorResult`; or a cancel took the id, and the job can never begin.
    Failed(TaskError),
}

impl JobState {
    /// Reads BigQuery's answer about the job that was asked for as `asked`.
    pub(crate) fn of(job: &Job, asked: &JobReference) -> Self {
        let reference = full_name(job, asked);
        if is_tombstone(job) {
            return Self::Failed(never_began(reference));
        }
        let status = job.status.clone().unwrap_or_default();
        if status.state.as_deref() != Some("DONE") {
            return Self::Running(reference);
        }
        match status.error_result {
            Some(error) => Self::Failed(explained(job, error, reference)),
            None => Self::Succeeded(statistics(job, &reference)),
        }
    }

    /// With the number of rows that the results of a query have.
    pub(crate) fn with_rows(self, rows: Option<u64>) -> Self {
        match self {
            Self::Succeeded(statistics) => {
                let rows = statistics.rows.or(rows);
                Self::Succeeded(JobStatistics { rows, ..statistics })
            }
            Self::Running(_) | Self::Failed(_) => self,
        }
    }
}

/// BigQuery chooses the location of a job that names none; outside the US and EU multi-regions the job is found only with
/// it.
fn full_name(job: &Job, asked: &JobReference) -> JobReference {
    let answered = job.job_reference.clone().unwrap_or_default();
    JobReference {
        project: answered.project_id.or_else(|| asked.project.clone()),
        location: answered.location.or_else(|| asked.location.clone()),
        job_id: asked.job_id.clone(),
    }
}

fn statistics(job: &Job, reference: &JobReference) -> JobStatistics {
    let of_job = job.statistics.clone().unwrap_or_default();
    let start = number(of_job.start_time.as_deref());
    let end = number(of_job.end_time.as_deref());
    let query = of_job.query.unwrap_or_default();
    let load = of_job.load.unwrap_or_default();
    JobStatistics {
        job: reference.clone(),
        total_bytes_processed: number(of_job.total_bytes_processed.as_deref()),
        total_bytes_billed: number(query.total_bytes_billed.as_deref()),
        total_slot_ms: number(of_job.total_slot_ms.as_deref()),
        rows: number(load.output_rows.as_deref())
            .or_else(|| number(query.num_dml_affected_rows.as_deref())),
        duration_ms: start.zip(end).map(|(start, end)| end.saturating_sub(start)),
        cache_hit: query.cache_hit,
    }
}

/// BigQuery writes 64-bit numbers as text.
fn number(text: Option<&str>) -> Option<u64> {
    text.and_then(|text| text.parse().ok())
}
