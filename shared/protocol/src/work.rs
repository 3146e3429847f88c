//! What a worker is asked to do, rendered: nothing in here is evaluated again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    DdlWork, ExtractJob, FIRST_VERSION, HTTP_VERSION, HttpRequest, JOBS_VERSION, JobReference,
    JobSpec, LoadJob, QueryJob, TableReference,
};

/// Most labels of a job (BigQuery, "Labels: requirements").
const LABELS_MAX: usize = 64;

/// The operator of a task with all its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
pub enum Work {
    /// `echo>`: prints a message to the worker's log.
    Echo {
        /// The text.
        message: String,
    },
    /// `bq>`: runs a query job.
    Bq(Box<QueryJob>),
    /// `bq_load>`: runs a load job.
    BqLoad(Box<LoadJob>),
    /// `bq_extract>`: runs an extract job.
    BqExtract(Box<ExtractJob>),
    /// `bq_ddl>`: makes, empties and deletes datasets and tables.
    BqDdl(Box<DdlWork>),
    /// `bq_wait>`: looks whether a table, a view or a partition is there.
    BqWait(Box<TableWait>),
    /// `gcs_wait>`: looks whether an object is there.
    GcsWait(Box<ObjectWait>),
    /// `http_call>`: fetches a workflow.
    HttpCall(Box<HttpRequest>),
}

/// A table, a view or a partition that somebody else makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableWait {
    /// GCP project of a table that names none, and the one whose credentials are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What is waited for; a partition is there when it has rows.
    pub table: TableReference,
}

/// An object of Cloud Storage that somebody else writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectWait {
    /// GCP project whose credentials are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Bucket.
    pub bucket: String,
    /// Name of the object in it.
    pub object: String,
}

impl Work {
    /// What a message with this work needs of its reader.
    #[must_use]
    pub fn version(&self) -> u16 {
        match self {
            Self::Bq(job) if job.has_later_settings() => JOBS_VERSION,
            Self::Echo { .. } | Self::Bq(_) => FIRST_VERSION,
            Self::HttpCall(_) => HTTP_VERSION,
            Self::BqLoad(_)
            | Self::BqExtract(_)
            | Self::BqDdl(_)
            | Self::BqWait(_)
            | Self::GcsWait(_) => JOBS_VERSION,
        }
    }

    /// The job that BigQuery runs for it.
    #[must_use]
    pub fn job(&self) -> Option<JobSpec<'_>> {
        match self {
            Self::Bq(job) => Some(JobSpec::Query(job)),
            Self::BqLoad(job) => Some(JobSpec::Load(job)),
            Self::BqExtract(job) => Some(JobSpec::Extract(job)),
            Self::Echo { .. }
            | Self::BqDdl(_)
            | Self::BqWait(_)
            | Self::GcsWait(_)
            | Self::HttpCall(_) => None,
        }
    }

    /// The same for its reference, which a try that goes out again takes over.
    pub fn job_reference_mut(&mut self) -> Option<&mut JobReference> {
        match self {
            Self::Bq(job) => Some(&mut job.job),
            Self::BqLoad(job) => Some(&mut job.job),
            Self::BqExtract(job) => Some(&mut job.job),
            Self::Echo { .. }
            | Self::BqDdl(_)
            | Self::BqWait(_)
            | Self::GcsWait(_)
            | Self::HttpCall(_) => None,
        }
    }

    /// Adds a label to its job, if it has one and BigQuery takes another.
    pub fn label(&mut self, key: &str, value: impl fmt::Display) {
        let labels = match self {
            Self::Bq(job) => &mut job.labels,
            Self::BqLoad(job) => &mut job.labels,
            Self::BqExtract(job) => &mut job.labels,
            Self::Echo { .. }
            | Self::BqDdl(_)
            | Self::BqWait(_)
            | Self::GcsWait(_)
            | Self::HttpCall(_) => return,
        };
        if labels.len() < LABELS_MAX {
            labels.insert(key.to_owned(), value.to_string());
        }
    }

    /// The operator's name.
    #[must_use]
    pub const fn operator(&self) -> &'static str {
        match self {
            Self::Echo { .. } => "echo",
            Self::Bq(_) => "bq",
            Self::BqLoad(_) => "bq_load",
            Self::BqExtract(_) => "bq_extract",
            Self::BqDdl(_) => "bq_ddl",
            Self::BqWait(_) => "bq_wait",
            Self::GcsWait(_) => "gcs_wait",
            Self::HttpCall(_) => "http_call",
        }
    }

    /// The SQL of a query.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Bq(job) => Some(&job.query),
            Self::BqLoad(_)
            | Self::BqExtract(_)
            | Self::BqDdl(_)
            | Self::BqWait(_)
            | Self::GcsWait(_)
            | Self::Echo { .. }
            | Self::HttpCall(_) => None,
        }
    }
}
