//! Names of tables and datasets that are written out.

use himekuri_protocol::{DatasetReference, TableError, TableReference};
use himekuri_workflow::{Config, Diagnostic, TaskKind, codes};
use serde_json::Value;

use super::facts::{Facts, escape};
use super::walk::Visited;

/// Problems of an operator task's tables.
pub(super) fn check(visited: &Visited<'_>, facts: &Facts) -> Vec<Diagnostic> {
    let TaskKind::Operator { operator, config, .. } = &visited.task.kind else {
        return Vec::new();
    };
    let key = match operator.as_str() {
        "bq" | "bq_load" => "destination_table",
        "bq_extract" => "bq_extract>",
        _ => return Vec::new(),
    };
    let table = fixed(config, key).and_then(|text| {
        let error = table_error(text, has_dataset(visited, config, facts))?;
        Some((key, error))
    });
    let dataset = fixed(config, "dataset")
        .and_then(|text| DatasetReference::parse(text).err())
        .map(|error| ("dataset", error));
    table
        .into_iter()
        .chain(dataset)
        .map(|(key, error)| {
            let position = visited.task.positions.value(&format!("/{}", escape(key)));
            problem(error)
                .at(position.unwrap_or_else(|| visited.task.position.clone()))
                .in_task(visited.full_name)
        })
        .collect()
}

fn problem(error: TableError) -> Diagnostic {
    // `-p dataset=...` may give it.
    let is_certain = !matches!(error, TableError::NoDataset { .. });
    let (message, help) = match error {
        TableError::NoDataset { table } => (
            format!("table `{table}` has no dataset"),
            format!(
                "write `dataset.{table}`, or `dataset:` in the task or in an `_export` around it"
            ),
        ),
        TableError::Decorator { decorator, .. } => {
            let digits: String = decorator.chars().filter(char::is_ascii_digit).collect();
            let help = match digits.len() {
                4 | 6 | 8 | 10 => format!("write only digits: `${digits}`"),
                _ => "write 4, 6, 8 or 10 digits, such as `$20190901` for a day".to_owned(),
            };
            (format!("`${decorator}` is not a partition"), help)
        }
        TableError::Name { name, what } => (
            format!("`{name}` is not the name of a BigQuery {what}"),
            match what {
                "project" => "a project has small letters, digits and `-`",
                "dataset" => "a dataset has letters, digits and `_`",
                _ => "a table has letters, digits, `_` and `-`",
            }
            .to_owned(),
        ),
    };
    let problem = if is_certain {
        Diagnostic::error(codes::BAD_TABLE, message)
    } else {
        Diagnostic::warning(codes::BAD_TABLE, message)
    };
    problem.with_help(help)
}

fn fixed<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    config.get(key).and_then(Value::as_str).filter(|text| !text.contains("${"))
}

fn table_error(text: &str, has_dataset: bool) -> Option<TableError> {
    let any = DatasetReference { project: None, dataset: "d".to_owned() };
    TableReference::parse(text, has_dataset.then_some(&any)).err()
}

/// Whether a default dataset may come from anywhere.
fn has_dataset(visited: &Visited<'_>, config: &Config, facts: &Facts) -> bool {
    let around = ["dataset", "bq"].iter().any(|name| visited.scope.get(name).is_some());
    config.contains_key("dataset") || config.contains_key("bq") || around || facts.is_open
}
