//! `bq_load>`: a load job (digdag `BqLoadOperatorFactory`).

use std::collections::BTreeMap;

use super::super::Parameters;
use super::job;
use super::names::{default_dataset, table};
use super::schema::schema;
use super::settings::{Form, Setting, settings, texts};
use crate::context::Context;
use himekuri_protocol::{LoadJob, TaskError, TryNo};

/// Options that go to BigQuery as they are.
const SETTINGS: &[Setting] = &[
    Setting::of("create_disposition", "createDisposition", Form::Text),
    Setting::of("write_disposition", "writeDisposition", Form::Text),
    Setting::of("source_format", "sourceFormat", Form::Text),
    Setting::of("field_delimiter", "fieldDelimiter", Form::Text),
    Setting::of("skip_leading_rows", "skipLeadingRows", Form::Integer),
    Setting::of("encoding", "encoding", Form::Text),
    Setting::of("quote", "quote", Form::Text),
    Setting::of("max_bad_records", "maxBadRecords", Form::Integer),
    Setting::of("allow_quoted_newlines", "allowQuotedNewlines", Form::Boolean),
    Setting::of("allow_jagged_rows", "allowJaggedRows", Form::Boolean),
    Setting::of("ignore_unknown_values", "ignoreUnknownValues", Form::Boolean),
    Setting::of("projection_fields", "projectionFields", Form::Texts),
    Setting::of("autodetect", "autodetect", Form::Boolean),
    Setting::of("schema_update_options", "schemaUpdateOptions", Form::Texts),
    Setting::ours("null_marker", "nullMarker", Form::Text),
    Setting::ours("time_partitioning", "timePartitioning", Form::TimePartitioning),
    Setting::ours("range_partitioning", "rangePartitioning", Form::Resource),
    Setting::ours("clustering", "clustering", Form::Clustering),
    Setting::ours("hive_partitioning_options", "hivePartitioningOptions", Form::Resource),
];

/// Fills in the job.
pub(crate) fn load_job(
    parameters: &Parameters<'_>,
    try_no: TryNo,
    context: &mut Context<'_>,
) -> Result<LoadJob, TaskError> {
    let command = parameters.command_key("bq_load>");
    let source_uris = addresses(parameters, command, "`bq_load>`")?;
    let dataset = default_dataset(parameters)?;
    let Some(text) = parameters.text("destination_table")? else {
        let message = "`bq_load>` needs the option `destination_table`";
        return Err(parameters.error(command, message));
    };
    let mut settings = settings(parameters, SETTINGS)?;
    if let Some(given) = parameters.get("schema").cloned() {
        settings.insert("schema".to_owned(), schema(parameters, "schema", &given, context)?);
    }
    let mut job = LoadJob {
        job: job::place(parameters)?,
        fingerprint: String::new(),
        destination: table(parameters, "destination_table", &text, dataset.as_ref())?,
        source_uris,
        settings,
        limits: job::limits(parameters)?,
        labels: BTreeMap::new(),
    };
    let identity = job::identify(parameters, try_no, &job)?;
    job.fingerprint = identity.fingerprint;
    job.job.job_id = identity.job_id;
    job.labels = identity.labels;
    Ok(job)
}

/// One `gs://` address, a list of them, or such a list as JSON text.
pub(super) fn addresses(
    parameters: &Parameters<'_>,
    key: &str,
    what: &str,
) -> Result<Vec<String>, TaskError> {
    let given = parameters.get(key).and_then(texts).unwrap_or_default();
    let is_fine = !given.is_empty() && given.iter().all(|address| address.starts_with("gs://"));
    match is_fine {
        true => Ok(given),
        false => {
            let message = format!(
                "{what} needs an address such as `gs://bucket/file*.csv`, or a list of them"
            );
            Err(parameters.error(key, message))
        }
    }
}
