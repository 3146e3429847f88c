//! From our jobs to BigQuery's JSON (REST, `Job`).

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{ExtractJob, JobReference, JobSpec, LoadJob, QueryJob, TableReference};
use serde_json::{Map, Value, json};

/// The label by which a job is recognised as ours.
pub(crate) const FINGERPRINT_LABEL: &str = "himekuri_fingerprint";

/// The body of `jobs.insert`.
pub(crate) fn to_api(job: JobSpec<'_>, project: &str) -> Value {
    let (kind, work) = match job {
        JobSpec::Query(job) => ("query", query(job, project)),
        JobSpec::Load(job) => ("load", load(job, project)),
        JobSpec::Extract(job) => ("extract", extract(job, project)),
    };
    let mut configuration = Map::from_iter([
        (kind.to_owned(), Value::Object(work)),
        ("labels".to_owned(), json!(job.labels())),
    ]);
    let limits = job.limits();
    if let Some(timeout) = limits.timeout_ms {
        configuration.insert("jobTimeoutMs".to_owned(), Value::from(timeout.to_string()));
    }
    if let Some(reservation) = &limits.reservation {
        configuration.insert("reservation".to_owned(), Value::from(reservation.clone()));
    }
    json!({
        "jobReference": reference(job.reference(), project),
        "configuration": configuration,
    })
}

/// A job's name; its location only if it is known.
pub(crate) fn reference(job: &JobReference, project: &str) -> Value {
    let mut reference = json!({"jobId": job.job_id, "projectId": project});
    if let Some(location) = &job.location {
        reference["location"] = Value::from(location.clone());
    }
    reference
}

fn query(job: &QueryJob, project: &str) -> Map<String, Value> {
    let mut fields = job.settings.clone();
    fields.insert("query".to_owned(), Value::from(job.query.clone()));
    fields.insert("useLegacySql".to_owned(), Value::from(job.use_legacy_sql));
    if let Some(dataset) = &job.default_dataset {
        let project = dataset.project.as_deref().unwrap_or(project);
        let dataset = json!({"projectId": project, "datasetId": dataset.dataset});
        fields.insert("defaultDataset".to_owned(), dataset);
    }
    if let Some(destination) = &job.destination {
        fields.insert("destinationTable".to_owned(), table(destination, project));
    }
    let words = [
        ("useQueryCache", job.use_query_cache.map(Value::from)),
        ("createDisposition", job.create_disposition.map(|word| json!(word))),
        ("writeDisposition", job.write_disposition.map(|word| json!(word))),
        ("priority", job.priority.map(|word| json!(word))),
    ];
    let given = words.into_iter().filter_map(|(field, word)| Some((field.to_owned(), word?)));
    fields.extend(given);
    fields
}

fn load(job: &LoadJob, project: &str) -> Map<String, Value> {
    let mut fields = job.settings.clone();
    fields.insert("sourceUris".to_owned(), json!(job.source_uris));
    fields.insert("destinationTable".to_owned(), table(&job.destination, project));
    fields
}

fn extract(job: &ExtractJob, project: &str) -> Map<String, Value> {
    let mut fields = job.settings.clone();
    fields.insert("sourceTable".to_owned(), table(&job.source, project));
    fields.insert("destinationUris".to_owned(), json!(job.destination_uris));
    fields
}

/// BigQuery's name of a table or partition.
pub(crate) fn table(table: &TableReference, project: &str) -> Value {
    json!({
        "projectId": table.project.as_deref().unwrap_or(project),
        "datasetId": table.dataset,
        "tableId": table.table_id(),
    })
}

/// The fingerprint that a job carries.
pub(crate) fn fingerprint_of(job: &Job) -> Option<&str> {
    let labels = job.configuration.as_ref()?.labels.as_ref()?;
    labels.get(FINGERPRINT_LABEL).map(String::as_str)
}
