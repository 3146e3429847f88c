//! `bq>`: a query job, with digdag's parameters (`BqOperatorFactory`) and a job id of our own (design D5).

use std::collections::BTreeMap;

use himekuri_protocol::{
    DatasetReference, JobIdentity, JobReference, QueryJob, TableError, TableReference, TaskError,
    TryNo, fingerprint,
};
use himekuri_workflow::Position;
use serde_json::Value;

use super::{Parameters, config_error};
use crate::context::Context;

/// Labels have at most 63 characters (BigQuery "Requirements for labels").
const LABEL_MAX: usize = 63;

/// Renders the query and fills in the job.
pub(crate) fn query_job(
    parameters: &Parameters<'_>,
    try_no: TryNo,
    context: &mut Context<'_>,
) -> Result<QueryJob, TaskError> {
    let started = &parameters.attempt.started;
    let default_dataset = match parameters.text("dataset")? {
        Some(text) => Some(
            DatasetReference::parse(&text).map_err(|error| parameters.error("dataset", error))?,
        ),
        None => None,
    };
    let job = JobReference {
        project: started.gcp_project.clone(),
        location: parameters.text("location")?,
        job_id: String::new(),
    };
    let mut job = QueryJob {
        job,
        fingerprint: String::new(),
        query: query(parameters, context)?,
        destination: destination(parameters, default_dataset.as_ref())?,
        default_dataset,
        create_disposition: parameters
            .word("create_disposition", "`CREATE_IF_NEEDED` or `CREATE_NEVER`")?,
        write_disposition: parameters
            .word("write_disposition", "`WRITE_TRUNCATE`, `WRITE_APPEND` or `WRITE_EMPTY`")?,
        priority: parameters.word("priority", "`INTERACTIVE` or `BATCH`")?,
        use_legacy_sql: parameters.boolean("use_legacy_sql")?.unwrap_or(false),
        use_query_cache: parameters.boolean("use_query_cache")?,
        labels: BTreeMap::new(),
    };
    job.fingerprint = job_fingerprint(&job)?;
    let identity = JobIdentity {
        project: &started.project,
        workflow: &started.workflow,
        session_time: started.session_time,
        task_name: &parameters.task.full_name,
        fingerprint: &job.fingerprint,
        attempt_number: started.number,
        try_no,
    };
    job.job.job_id = identity.job_id();
    job.labels = labels(parameters, &job.fingerprint);
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

fn render_file(
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

fn destination(
    parameters: &Parameters<'_>,
    default: Option<&DatasetReference>,
) -> Result<Option<TableReference>, TaskError> {
    let Some(text) = parameters.text("destination_table")? else {
        return Ok(None);
    };
    let table = TableReference::parse(&text, default)
        .map_err(|error: TableError| parameters.error("destination_table", error))?;
    Ok(Some(match &parameters.attempt.started.gcp_project {
        Some(project) => table.in_project(project),
        None => table,
    }))
}

/// Everything that changes what the job does; its id and labels are still empty here.
fn job_fingerprint(job: &QueryJob) -> Result<String, TaskError> {
    let text = serde_json::to_string(job)
        .map_err(|error| config_error(format!("could not write the job as JSON: {error}")))?;
    Ok(fingerprint([text.as_str()]))
}

fn labels(parameters: &Parameters<'_>, fingerprint: &str) -> BTreeMap<String, String> {
    let started = &parameters.attempt.started;
    let session = match started.variables.get("session_date") {
        Some(Value::String(date)) => date.clone(),
        Some(_) | None => started.session_time.to_string(),
    };
    [
        ("himekuri_project", label(&started.project)),
        ("himekuri_workflow", label(&started.workflow)),
        ("himekuri_session", label(&session)),
        ("himekuri_attempt", started.number.to_string()),
        ("himekuri_task", label(&parameters.task.full_name)),
        ("himekuri_fingerprint", fingerprint.to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// A text as a label's value: lower case letters, digits, `_` and `-`. Of a long text the end is kept: it tells
/// tasks apart.
fn label(text: &str) -> String {
    let lower = text.to_lowercase();
    let cut = lower.chars().count().saturating_sub(LABEL_MAX);
    lower
        .chars()
        .skip(cut)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_the_end_of_a_long_name_within_63_characters() {
        let name = format!("+Summary{}^sub+loop-3", "x".repeat(80));

        let label = label(&name);

        assert_eq!(label.len(), LABEL_MAX);
        assert!(label.ends_with("_sub_loop-3"), "{label}");
    }
}
