//! `CREATE TABLE … AS SELECT`: a query with a destination.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many expressions; a partition is cut by few"
)]

use serde_json::Map;
use sqlparser::ast::{
    CreateTable, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Statement,
};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

use super::names::parts;
use crate::catalog::TimePartitioning;
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::partition::Granularity;

/// What such a statement asks for.
pub(crate) struct CreateAs {
    /// The new table.
    pub(crate) table: TableId,
    /// `OR REPLACE`.
    pub(crate) replaces: bool,
    /// `PARTITION BY`.
    pub(crate) partitioning: Option<TimePartitioning>,
    /// The SELECT.
    pub(crate) query: String,
}

/// Reads such a statement; `None` for any other, and for what cannot be parsed.
///
/// # Errors
/// `notImplemented` for a part that is not supported, `invalidQuery` for an impossible name.
pub(crate) fn create_as(
    text: &str,
    project: &str,
    default_dataset: Option<&DatasetId>,
) -> Result<Option<CreateAs>, BqError> {
    let starts = text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
    if !starts {
        return Ok(None);
    }
    let statements = Parser::parse_sql(&BigQueryDialect {}, text).unwrap_or_default();
    let [Statement::CreateTable(create)] = statements.as_slice() else {
        return Ok(None);
    };
    let Some(query) = &create.query else {
        return Ok(None);
    };
    check(create)?;
    let words = parts(&create.name);
    let (project, dataset, table) = match (words.as_slice(), default_dataset) {
        ([table], Some(id)) => (id.project.as_str(), id.dataset.as_str(), table),
        ([dataset, table], _) => (project, dataset.as_str(), table),
        ([project, dataset, table], _) => (project.as_str(), dataset.as_str(), table),
        _ => {
            let name = words.join(".");
            return Err(BqError::query(format!(
                "Table \"{name}\" must be qualified with a dataset (e.g. dataset.table)."
            )));
        }
    };
    Ok(Some(CreateAs {
        table: TableId::new(project, dataset, table)?,
        replaces: create.or_replace,
        partitioning: create.partition_by.as_deref().map(partitioning).transpose()?,
        query: query.to_string(),
    }))
}

fn check(create: &CreateTable) -> Result<(), BqError> {
    for (is_used, what) in [
        (create.temporary, "CREATE TEMP TABLE"),
        (create.if_not_exists, "CREATE TABLE IF NOT EXISTS … AS"),
        (!create.columns.is_empty(), "CREATE TABLE with columns and AS"),
    ] {
        if is_used {
            return Err(BqError::not_implemented(what));
        }
    }
    Ok(())
}

/// A column, `DATE(column)`, or `…_TRUNC(column, DAY)` and its like.
fn partitioning(expr: &Expr) -> Result<TimePartitioning, BqError> {
    let refused = || BqError::not_implemented(format_args!("PARTITION BY {expr}"));
    let (field, granularity) = match expr {
        Expr::Identifier(column) => (column.value.clone(), Granularity::Day),
        Expr::Function(function) => {
            let name = function.name.to_string().to_uppercase();
            let FunctionArguments::List(list) = &function.args else {
                return Err(refused());
            };
            let words: Vec<String> = list.args.iter().filter_map(word).collect();
            match (name.as_str(), words.as_slice()) {
                ("DATE", [column]) => (column.clone(), Granularity::Day),
                ("DATE_TRUNC" | "TIMESTAMP_TRUNC" | "DATETIME_TRUNC", [column, unit]) => {
                    let granularity = match unit.to_uppercase().as_str() {
                        "HOUR" => Granularity::Hour,
                        "DAY" => Granularity::Day,
                        "MONTH" => Granularity::Month,
                        "YEAR" => Granularity::Year,
                        _ => return Err(refused()),
                    };
                    (column.clone(), granularity)
                }
                _ => return Err(refused()),
            }
        }
        _ => return Err(refused()),
    };
    Ok(TimePartitioning { granularity, field: Some(field), other: Map::new() })
}

fn word(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) => {
            Some(ident.value.clone())
        }
        _ => None,
    }
}
