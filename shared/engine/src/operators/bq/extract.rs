//! `bq_extract>`: an extract job (digdag `BqExtractOperatorFactory`).

use std::collections::BTreeMap;

use himekuri_protocol::{ExtractJob, TaskError, TryNo};

use super::super::Parameters;
use super::job;
use super::load::addresses;
use super::names::{default_dataset, table};
use super::settings::{Form, Setting, settings};

/// Options that go to BigQuery as they are.
const SETTINGS: &[Setting] = &[
    Setting::of("print_header", "printHeader", Form::Boolean),
    Setting::of("field_delimiter", "fieldDelimiter", Form::Text),
    Setting::of("destination_format", "destinationFormat", Form::Text),
    Setting::of("compression", "compression", Form::Text),
    Setting::ours("use_avro_logical_types", "useAvroLogicalTypes", Form::Boolean),
];

/// Fills in the job.
pub(crate) fn extract_job(
    parameters: &Parameters<'_>,
    try_no: TryNo,
) -> Result<ExtractJob, TaskError> {
    let command = parameters.command_key("bq_extract>");
    let dataset = default_dataset(parameters)?;
    let Some(text) = parameters.text(command)? else {
        let message = "`bq_extract>` needs the table to extract, such as `summary.access$20190901`";
        return Err(parameters.error(command, message));
    };
    if parameters.get("destination").is_none() {
        return Err(parameters.error(command, "`bq_extract>` needs the option `destination`"));
    }
    let mut job = ExtractJob {
        job: job::place(parameters)?,
        fingerprint: String::new(),
        source: table(parameters, command, &text, dataset.as_ref())?,
        destination_uris: addresses(parameters, "destination", "`destination`")?,
        settings: settings(parameters, SETTINGS)?,
        limits: job::limits(parameters)?,
        labels: BTreeMap::new(),
    };
    let identity = job::identify(parameters, try_no, &job)?;
    job.fingerprint = identity.fingerprint;
    job.job.job_id = identity.job_id;
    job.labels = identity.labels;
    Ok(job)
}
