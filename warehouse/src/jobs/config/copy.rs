//! `configuration.copy`.

use serde_json::Value;

use super::{Destination, WriteDisposition, missing, required};
use crate::error::BqError;
use crate::ids::TableId;
use crate::partition::split_decorator;

/// What a copy job reads, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct CopyConfig {
    pub(crate) sources: Vec<Source>,
    pub(crate) destination: Destination,
}

/// A table, or one partition of it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) table: TableId,
    /// What stands after `$`.
    pub(crate) decorator: Option<String>,
}

impl Source {
    pub(super) fn parse(
        reference: &Value,
        default_project: &str,
        path: &str,
    ) -> Result<Self, BqError> {
        let project = reference["projectId"].as_str().unwrap_or(default_project);
        let dataset = required(reference, "datasetId", &format!("{path}.datasetId"))?;
        let (table, decorator) =
            split_decorator(required(reference, "tableId", &format!("{path}.tableId"))?);
        let decorator = decorator.map(str::to_owned);
        Ok(Self { table: TableId::new(project, dataset, table)?, decorator })
    }
}

impl CopyConfig {
    pub(super) fn parse(config: &Value, project: &str) -> Result<Self, BqError> {
        match config["operationType"].as_str().unwrap_or("COPY") {
            "COPY" | "OPERATION_TYPE_UNSPECIFIED" => {}
            other => return Err(BqError::not_implemented(format_args!("A {other} of a table"))),
        }
        let path = "configuration.copy.sourceTable";
        let sources = match (&config["sourceTable"], &config["sourceTables"]) {
            (Value::Object(_), Value::Array(_)) => {
                let why = "Only one of sourceTable and sourceTables should be specified";
                return Err(BqError::invalid(why));
            }
            (Value::Object(_), _) => vec![Source::parse(&config["sourceTable"], project, path)?],
            (_, Value::Array(all)) if !all.is_empty() => {
                let sources = all.iter().map(|one| Source::parse(one, project, path));
                sources.collect::<Result<_, _>>()?
            }
            _ => return Err(missing(path)),
        };
        let destination = Destination::parse(config, project, WriteDisposition::Empty)?
            .ok_or_else(|| missing("configuration.copy.destinationTable"))?;
        Ok(Self { sources, destination })
    }
}
