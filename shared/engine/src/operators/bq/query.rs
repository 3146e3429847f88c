//! `bq>`: a query job, with digdag's parameters (`BqOperatorFactory`) and those that BigQuery has beside them.

use std::collections::BTreeMap;

use himekuri_protocol::{QueryJob, TaskError, TryNo};
use himekuri_workflow::Position;
use serde_json::Value;

use super::super::{Parameters, config_error};
use super::job;
use super::names::{default_dataset, table};
use super::query_parameters::query_parameters;
use super::settings::{Form, Setting, WRITE_DISPOSITIONS, settings};
use crate::context::Context;

/// Options that go to BigQuery as they are.
const SETTINGS: &[Setting] = &[
    Setting::of("allow_large_results", "allowLargeResults", Form::Boolean),
    Setting::of("flatten_results", "flattenResults", Form::Boolean),
    Setting::of("maximum_billing_tier", "maximumBillingTier", Form::Integer),
    Setting::of("table_definitions", "tableDefinitions", Form::NamedResources),
    Setting::of("user_defined_function_resources", "userDefinedFunctionResources", Form::Resource),
    Setting::ours("maximum_bytes_billed", "maximumBytesBilled", Form::Bytes),
    Setting::ours("time_partitioning", "timePartitioning", Form::TimePartitioning),
    Setting::ours("range_partitioning", "rangePartitioning", Form::Resource),
    Setting::ours("clustering", "clustering", Form::Clustering),
    Setting::ours("schema_update_options", "schemaUpdateOptions", Form::Texts),
];

/// Renders the query and fills in the job.
pub(crate) fn query_job(
    parameters: &Parameters<'_>,
    try_no: TryNo,
    context: &mut Context<'_>,
) -> Result<QueryJob, TaskError> {
    let default_dataset = default_dataset(parameters)?;
    let destination = match parameters.text("destination_table")? {
        Some(text) => {
            Some(table(parameters, "destination_table", &text, default_dataset.as_ref())?)
        }
        None => None,
    };
    let mut settings = settings(parameters, SETTINGS)?;
    settings.extend(query_parameters(parameters)?);
    let mut job = QueryJob {
        job: job::place(parameters)?,
        fingerprint: String::new(),
        query: query(parameters, context)?,
        destination,
        default_dataset,
        create_disposition: parameters
            .word("create_disposition", "`CREATE_IF_NEEDED` or `CREATE_NEVER`")?,
        write_disposition: parameters.word("write_disposition", WRITE_DISPOSITIONS)?,
        priority: parameters.word("priority", "`INTERACTIVE` or `BATCH`")?,
        use_legacy_sql: parameters.boolean("use_legacy_sql")?.unwrap_or(false),
        use_query_cache: parameters.boolean("use_query_cache")?,
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

fn query(parameters: &Parameters<'_>, context: &mut Context<'_>) -> Result<String, TaskError> {
    let command = parameters.command_key("bq>");
    let key = if parameters.get(command).is_some() { command } else { "query" };
    match parameters.get(key) {
        Some(Value::Object(inline)) => match inline.get("data") {
            Some(Value::String(sql)) => Ok(sql.clone()),
            Some(_) | None => Err(parameters.error(key, "`bq>` as a mapping needs `data: SQL`")),
        },
        Some(Value::String(path)) => render_file(parameters, key, path, context),
        Some(_) | None => {
            Err(parameters.error(key, "`bq>` needs an SQL file, or `data:` with the SQL itself"))
        }
    }
}

/// A file that the task names, with its expressions evaluated.
pub(super) fn render_file(
    parameters: &Parameters<'_>,
    key: &str,
    path: &str,
    context: &mut Context<'_>,
) -> Result<String, TaskError> {
    let path = parameters.resolve(key, path)?;
    let text = context.files.text(&path).map_err(|error| parameters.error(key, error))?;
    let clock = parameters.attempt.clock();
    context.evaluator.render(clock, text, parameters.config).map_err(|error| {
        let position = Position::in_text(path.as_str(), text, error.offset);
        config_error(format!("{position}: {error}"))
    })
}
