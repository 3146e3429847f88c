//! From our job to BigQuery's JSON.

use gcp_bigquery_client::model::dataset_reference::DatasetReference as ApiDataset;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference as ApiJobReference;
use gcp_bigquery_client::model::table_reference::TableReference as ApiTable;
use himekuri_protocol::{CreateDisposition, Priority, QueryJob, WriteDisposition};

/// The label by which a job is recognised as ours.
pub(crate) const FINGERPRINT_LABEL: &str = "himekuri_fingerprint";

pub(crate) fn to_api(job: &QueryJob, project: &str) -> Job {
    let query = JobConfigurationQuery {
        query: job.query.clone(),
        use_legacy_sql: Some(job.use_legacy_sql),
        use_query_cache: job.use_query_cache,
        default_dataset: job.default_dataset.as_ref().map(|dataset| ApiDataset {
            project_id: dataset.project.clone().unwrap_or_else(|| project.to_owned()),
            dataset_id: dataset.dataset.clone(),
        }),
        destination_table: job.destination.as_ref().map(|table| {
            let project = table.project.as_deref().unwrap_or(project);
            ApiTable::new(project, &table.dataset, &table.table_id())
        }),
        create_disposition: job.create_disposition.map(|disposition| match disposition {
            CreateDisposition::CreateIfNeeded => "CREATE_IF_NEEDED".to_owned(),
            CreateDisposition::CreateNever => "CREATE_NEVER".to_owned(),
        }),
        write_disposition: job.write_disposition.map(|disposition| match disposition {
            WriteDisposition::WriteTruncate => "WRITE_TRUNCATE".to_owned(),
            WriteDisposition::WriteAppend => "WRITE_APPEND".to_owned(),
            WriteDisposition::WriteEmpty => "WRITE_EMPTY".to_owned(),
        }),
        priority: job.priority.map(|priority| match priority {
            Priority::Interactive => "INTERACTIVE".to_owned(),
            Priority::Batch => "BATCH".to_owned(),
        }),
        ..JobConfigurationQuery::default()
    };
    Job {
        job_reference: Some(ApiJobReference {
            job_id: Some(job.job.job_id.clone()),
            location: job.job.location.clone(),
            project_id: Some(project.to_owned()),
        }),
        configuration: Some(JobConfiguration {
            query: Some(query),
            labels: Some(job.labels.clone().into_iter().collect()),
            ..JobConfiguration::default()
        }),
        ..Job::default()
    }
}

/// The fingerprint that a job carries.
pub(crate) fn fingerprint_of(job: &Job) -> Option<&str> {
    let labels = job.configuration.as_ref()?.labels.as_ref()?;
    labels.get(FINGERPRINT_LABEL).map(String::as_str)
}
