//! The job that takes the id of one that must never begin (decision 0014).
//!
//! A cancel may meet nothing: the task message still lies in its queue, or a worker has it and has not sent the job yet.
//! BigQuery has no fence against that, except that an id is taken for ever. So the cancel takes it.

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{JobReference, TaskError};
use serde_json::{Value, json};

use crate::convert::reference;

/// The label of a job that does nothing but take an id.
const TOMBSTONE_LABEL: &str = "himekuri_canceled";

/// Reads and writes nothing, and costs nothing.
const NOTHING: &str = "SELECT 1";

/// Reason of a try whose id was taken before its job began.
const CANCELED: &str = "canceled";

pub(crate) fn tombstone(job: &JobReference, project: &str) -> Value {
    json!({
        "jobReference": reference(job, project),
        "configuration": {
            "query": {"query": NOTHING, "useLegacySql": false},
            "labels": {TOMBSTONE_LABEL: "true"},
        },
    })
}

pub(crate) fn is_tombstone(job: &Job) -> bool {
    let labels = job.configuration.as_ref().and_then(|configuration| configuration.labels.as_ref());
    labels.is_some_and(|labels| labels.contains_key(TOMBSTONE_LABEL))
}

/// The tombstone that was just made, whatever the answer repeats of it.
pub(crate) fn marked(mut job: Job) -> Job {
    let configuration = job.configuration.get_or_insert_default();
    let labels = configuration.labels.get_or_insert_default();
    labels.insert(TOMBSTONE_LABEL.to_owned(), "true".to_owned());
    job
}

/// What a try ends with whose job can never begin.
pub(crate) fn never_began(job: JobReference) -> TaskError {
    TaskError {
        reason: CANCELED.to_owned(),
        message: "the job was cancelled before it began".to_owned(),
        job: Some(job),
    }
}
