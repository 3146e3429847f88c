//! Which table a name means.

use sqlparser::ast::ObjectName;

use super::{Scope, place};
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};

/// What a name in FROM stands for.
pub(super) enum Source {
    /// A name of WITH.
    Cte,
    Table(TableId),
    /// All tables whose names begin like this one, without the `*`.
    Wildcard(TableId),
    /// A view of `INFORMATION_SCHEMA`, its name in capitals.
    Information(DatasetId, String),
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
pub(super) fn resolve(
    scope: &Scope<'_>,
    is_cte: &dyn Fn(&str) -> bool,
    parts: &[String],
) -> Result<Source, BqError> {
    let (project, dataset, table) = match parts {
        [name] if is_cte(&name.to_lowercase()) => return Ok(Source::Cte),
        [name] if scope.session.tables.contains_key(&name.to_lowercase()) => {
            return Ok(Source::Table(TableId::of_session(name)));
        }
        [session, name] if session.eq_ignore_ascii_case("_SESSION") => {
            return Ok(Source::Table(TableId::of_session(name)));
        }
        [table] => match scope.default_dataset {
            Some(id) => (id.project.as_str(), id.dataset.as_str(), table),
            None => {
                return Err(BqError::query(format!(
                    "Table \"{table}\" must be qualified with a dataset (e.g. dataset.table)."
                )));
            }
        },
        [dataset, schema, view] if is_information_schema(schema) => {
            return Ok(Source::Information(
                DatasetId::new(scope.project, dataset)?,
                view.to_uppercase(),
            ));
        }
        [project, dataset, schema, view] if is_information_schema(schema) => {
            return Ok(Source::Information(DatasetId::new(project, dataset)?, view.to_uppercase()));
        }
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

fn is_information_schema(word: &str) -> bool {
    word.eq_ignore_ascii_case("INFORMATION_SCHEMA")
}

/// The table that a statement writes to or makes.
///
/// # Errors
/// `invalidQuery` for a name that is none of a table.
pub(super) fn target(scope: &Scope<'_>, name: &ObjectName) -> Result<TableId, BqError> {
    match resolve(scope, &|_| false, &parts(name))? {
        Source::Table(id) => Ok(id),
        Source::Cte | Source::Wildcard(_) | Source::Information(_, _) => Err(BqError::query(
            format!("{} cannot be written to{}", parts(name).join("."), place(name)),
        )),
    }
}

/// The dataset that a statement makes or removes.
///
/// # Errors
/// `invalidQuery` for a name that is none of a dataset.
pub(super) fn dataset(scope: &Scope<'_>, name: &ObjectName) -> Result<DatasetId, BqError> {
    match parts(name).as_slice() {
        [dataset] => DatasetId::new(scope.project, dataset),
        [project, dataset] => DatasetId::new(project, dataset),
        other => Err(BqError::query(format!("Invalid dataset name: `{}`", other.join(".")))),
    }
}
