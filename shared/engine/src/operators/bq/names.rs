//! Names of datasets and tables in parameters.

use himekuri_protocol::{DatasetReference, TableReference, TaskError};

use super::super::Parameters;

/// `dataset: [project:]name`, the dataset of names that say none.
pub(super) fn default_dataset(
    parameters: &Parameters<'_>,
) -> Result<Option<DatasetReference>, TaskError> {
    let Some(text) = parameters.text("dataset")? else { return Ok(None) };
    let dataset = DatasetReference::parse(&text);
    dataset.map(Some).map_err(|error| parameters.error("dataset", error))
}

/// The table that the option `key` names as `text`, with its project.
pub(super) fn table(
    parameters: &Parameters<'_>,
    key: &str,
    text: &str,
    default: Option<&DatasetReference>,
) -> Result<TableReference, TaskError> {
    let table =
        TableReference::parse(text, default).map_err(|error| parameters.error(key, error))?;
    Ok(match &parameters.attempt.started.gcp_project {
        Some(project) => table.in_project(project),
        None => table,
    })
}
