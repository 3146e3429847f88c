//! `CREATE TABLE … AS SELECT`: a query with a destination; how new tables are laid out.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many expressions; a partition is cut by few"
)]

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    CreateTable, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Statement,
    WrappedCollection,
};

use super::names::parts;
use super::script::{self, Step};
use super::{columns, session::Session};
use crate::catalog::{PARTITION_TIME, TimePartitioning};
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::partition::Granularity;

/// What such a statement asks for.
pub(crate) struct CreateAs {
    /// The new table.
    pub(crate) table: TableId,
    /// `OR REPLACE`.
    pub(crate) replaces: bool,
    /// `IF NOT EXISTS`.
    pub(crate) if_missing: bool,
    /// `PARTITION BY`.
    pub(crate) partitioning: Option<TimePartitioning>,
    /// `CLUSTER BY` and OPTIONS, as a table's resource has them.
    pub(crate) other: Map<String, Value>,
}

/// The only statement of a text, with the functions that it may call.
pub(crate) fn only_statement(steps: &[Step]) -> Option<(&Statement, &str, Session)> {
    let mut session = Session::default();
    let (last, functions) = steps.split_last()?;
    for step in functions {
        let Step::Plain { statement, .. } = step else {
            return None;
        };
        let Statement::CreateFunction(create) = statement.as_ref() else {
            return None;
        };
        super::functions::define(create, &mut session).ok()?;
    }
    match last {
        Step::Plain { statement, text } => Some((statement, text, session)),
        _ => None,
    }
}

/// The query of a text that is one SELECT, alone or in `CREATE TABLE … AS`.
pub(crate) fn only_query(steps: &[Step]) -> Option<(&Query, &str, Session)> {
    match only_statement(steps)? {
        (Statement::Query(query), text, session) => Some((query.as_ref(), text, session)),
        (Statement::CreateTable(create), text, session) if !create.temporary => {
            Some((create.query.as_deref()?, text, session))
        }
        _ => None,
    }
}

/// Reads a text that is such a statement; `None` for any other, and for what cannot be parsed.
///
/// # Errors
/// `notImplemented` for a part that is not supported, `invalidQuery` for an impossible name.
pub(crate) fn create_as(
    text: &str,
    project: &str,
    default_dataset: Option<&DatasetId>,
) -> Result<Option<CreateAs>, BqError> {
    let Ok(steps) = script::read(text) else {
        return Ok(None);
    };
    match only_statement(&steps) {
        Some((Statement::CreateTable(create), _, _))
            if create.query.is_some() && !create.temporary =>
        {
            create_as_of(create, project, default_dataset).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads such a statement.
///
/// # Errors
/// `notImplemented` for a part that is not supported, `invalidQuery` for an impossible name.
pub(crate) fn create_as_of(
    create: &CreateTable,
    project: &str,
    default_dataset: Option<&DatasetId>,
) -> Result<CreateAs, BqError> {
    if !create.columns.is_empty() {
        return Err(BqError::not_implemented("CREATE TABLE with columns and AS"));
    }
    let words = parts(&create.name);
    let (project, dataset, table) = match (words.as_slice(), default_dataset) {
        ([table], _) if create.temporary => ("", "_SESSION", table),
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
    let table = match create.temporary {
        true => TableId::of_session(table),
        false => TableId::new(project, dataset, table)?,
    };
    let (partitioning, other) = layout(create)?;
    Ok(CreateAs {
        table,
        replaces: create.or_replace,
        if_missing: create.if_not_exists,
        partitioning,
        other,
    })
}

/// Partitions, clustering and options of a new table.
///
/// # Errors
/// `notImplemented` for a part that is not supported.
pub(super) fn layout(
    create: &CreateTable,
) -> Result<(Option<TimePartitioning>, Map<String, Value>), BqError> {
    let (mut other, expiration) = columns::table_options(&create.table_options)?;
    let mut partitioning = create.partition_by.as_deref().map(partitioning).transpose()?;
    if let (Some(partitioning), Some(expiration)) = (&mut partitioning, expiration) {
        partitioning.other.insert("expirationMs".into(), expiration);
    }
    if let Some(WrappedCollection::NoWrapping(keys) | WrappedCollection::Parentheses(keys)) =
        &create.cluster_by
    {
        let keys: Vec<String> = keys.iter().map(|key| key.to_string().replace('`', "")).collect();
        other.insert("clustering".into(), json!({ "fields": keys }));
    }
    Ok((partitioning, other))
}

/// The query of a view.
///
/// # Errors
/// `invalidQuery` when it is none.
pub(super) fn view_query(text: &str) -> Result<Query, BqError> {
    let steps = script::read(text)?;
    match steps.as_slice() {
        [Step::Plain { statement, .. }] => match statement.as_ref() {
            Statement::Query(query) => Ok(Query::clone(query)),
            _ => Err(BqError::query("Syntax error: The query of a view must be a SELECT")),
        },
        _ => Err(BqError::query("Syntax error: The query of a view must be one SELECT")),
    }
}

/// A column, `DATE(column)`, or `…_TRUNC(column, DAY)` and its like.
fn partitioning(expr: &Expr) -> Result<TimePartitioning, BqError> {
    let refused = || BqError::not_implemented(format_args!("PARTITION BY {expr}"));
    let (field, granularity) = match expr {
        Expr::Identifier(column) if column.value.eq_ignore_ascii_case("_PARTITIONDATE") => {
            return Ok(TimePartitioning::ingestion_day());
        }
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
    let is_arrival = field.eq_ignore_ascii_case(PARTITION_TIME);
    let field = (!is_arrival).then_some(field);
    Ok(TimePartitioning { granularity, field, other: Map::new() })
}

fn word(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) => {
            Some(ident.value.clone())
        }
        _ => None,
    }
}
