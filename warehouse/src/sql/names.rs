//! Which table a name means.

use sqlparser::ast::ObjectName;

use super::rewrite::Rewriter;
use crate::error::BqError;
use crate::ids::TableId;

/// What a name in FROM stands for.
pub(super) enum Source {
    /// A name of WITH.
    Cte,
    Table(TableId),
    /// All tables whose names begin like this one, without the `*`.
    Wildcard(TableId),
}

/// The words of a name; backticks may hold several.
pub(super) fn parts(name: &ObjectName) -> Vec<String> {
    let mut parts = Vec::new();
    for ident in name.0.iter().filter_map(|part| part.as_ident()) {
        match ident.quote_style {
            Some('`') => parts.extend(ident.value.split('.').map(str::to_owned)),
            _ => parts.push(ident.value.clone()),
        }
    }
    parts
}

/// Finds what the words mean, without asking whether it exists.
///
/// # Errors
/// `invalidQuery` for a single word without a default dataset, or for too many words.
pub(super) fn resolve(rewriter: &Rewriter<'_>, parts: &[String]) -> Result<Source, BqError> {
    let scope = rewriter.scope;
    let (project, dataset, table) = match parts {
        [name] if rewriter.ctes.contains(&name.to_lowercase()) => return Ok(Source::Cte),
        [table] => match scope.default_dataset {
            Some(id) => (id.project.as_str(), id.dataset.as_str(), table),
            None => {
                return Err(BqError::query(format!(
                    "Table \"{table}\" must be qualified with a dataset (e.g. dataset.table)."
                )));
            }
        },
        [dataset, table] => (scope.project, dataset.as_str(), table),
        [project, dataset, table] => (project.as_str(), dataset.as_str(), table),
        _ => {
            return Err(BqError::query(format!("Invalid table name: `{}`", parts.join("."))));
        }
    };
    match table.strip_suffix('*') {
        // The prefix alone may be empty, which no table name is.
        Some(prefix) => Ok(Source::Wildcard(TableId {
            project: project.into(),
            dataset: dataset.into(),
            table: prefix.into(),
        })),
        None => TableId::new(project, dataset, table)
            .map(Source::Table)
            .map_err(|error| BqError::query(error.message)),
    }
}

/// Whether the words mean a table with `_PARTITIONTIME`.
pub(super) fn is_ingestion_time(rewriter: &Rewriter<'_>, parts: &[String]) -> bool {
    let Ok(Source::Table(id)) = resolve(rewriter, parts) else {
        return false;
    };
    rewriter.scope.catalog.find(&id).is_some_and(crate::catalog::Table::is_ingestion_time)
}
