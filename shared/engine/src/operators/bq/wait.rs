//! `bq_wait>` and `gcs_wait>`: somebody else makes what the next tasks read (digdag `GcsWaitOperatorFactory`; `bq_wait>` is that
//! of DeNA's plugin).

use himekuri_protocol::{ObjectWait, TableWait, TaskError};

use super::super::Parameters;
use super::names::{default_dataset, table};

/// `bq_wait>: dataset.table$20190901`.
pub(crate) fn table_wait(parameters: &Parameters<'_>) -> Result<TableWait, TaskError> {
    let command = parameters.command_key("bq_wait>");
    let key = if parameters.get(command).is_some() { command } else { "table" };
    let dataset = default_dataset(parameters)?;
    let Some(text) = parameters.text(key)? else {
        let message =
            "`bq_wait>` needs a table, a view or a partition, such as `logs.access$20190901`";
        return Err(parameters.error(key, message));
    };
    Ok(TableWait {
        project: parameters.attempt.started.gcp_project.clone(),
        table: table(parameters, key, &text, dataset.as_ref())?,
    })
}

/// `gcs_wait>: [gs://]bucket/object`, or `bucket` and `object`.
pub(crate) fn object_wait(parameters: &Parameters<'_>) -> Result<ObjectWait, TaskError> {
    let command = parameters.command_key("gcs_wait>");
    let (bucket, object) = match (
        parameters.text(command)?,
        parameters.text("bucket")?,
        parameters.text("object")?,
    ) {
        (Some(path), None, None) => {
            let path = path.strip_prefix("gs://").unwrap_or(&path);
            match path.split_once('/') {
                Some((bucket, object)) => (bucket.to_owned(), object.to_owned()),
                None => (path.to_owned(), String::new()),
            }
        }
        (None, bucket, object) => (bucket.unwrap_or_default(), object.unwrap_or_default()),
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            let message = "`gcs_wait>` takes either `bucket/object` or the options `bucket` and `object`, not both";
            return Err(parameters.error(command, message));
        }
    };
    if bucket.is_empty() || object.is_empty() {
        let message = "`gcs_wait>` needs a bucket and an object, such as `gs://bucket/path/object`";
        return Err(parameters.error(command, message));
    }
    Ok(ObjectWait { project: parameters.attempt.started.gcp_project.clone(), bucket, object })
}
