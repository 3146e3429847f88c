//! The job that takes the id of one that must never begin (decision 0014).
//!
//! A cancel may meet nothing: the task message still lies in its queue, or a worker has it and has not sent the job yet.
//! BigQuery has no fence against that, except that an id is taken for ever. So the cancel takes it.

use std::collections::HashMap;

use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference as ApiJobReference;
use himekuri_protocol::{JobReference, TaskError};

/// The label of a job that does nothing but take an id.
const TOMBSTONE_LABEL: &str = "himekuri_canceled";

/// Reads and writes nothing, and costs nothing.
const NOTHING: &str = "SELECT 1";

/// Reason of a try whose id was taken before its job began.
const CANCELED: &str = "canceled";

pub(crate) fn tombstone(job: &JobReference, project: &str) -> Job {
    let query = JobConfigurationQuery {
        query: NOTHING.to_owned(),
        use_legacy_sql: Some(false),
        ..JobConfigurationQuery::default()
    };
    Job {
        job_reference: Some(ApiJobReference {
            job_id: Some(job.job_id.clone()),
            location: job.location.clone(),
            project_id: Some(project.to_owned()),
        }),
        configuration: Some(JobConfiguration {
            query: Some(query),
            labels: Some(HashMap::from([(TOMBSTONE_LABEL.to_owned(), "true".to_owned())])),
            ..JobConfiguration::default()
        }),
        ..Job::default()
    }
}

pub(crate) fn is_tombstone(job: &Job) -> bool {
    let labels = job.configuration.as_ref().and_then(|configuration| configuration.labels.as_ref());
    labels.is_some_and(|labels| labels.contains_key(TOMBSTONE_LABEL))
}

/// What a try ends with whose job can never begin.
pub(crate) fn never_began(job: JobReference) -> TaskError {
    TaskError {
        reason: CANCELED.to_owned(),
        message: "the job was cancelled before it began".to_owned(),
        job: Some(job),
    }
}
