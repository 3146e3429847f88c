//! GoogleSQL to DuckDB SQL, by rewriting the syntax tree.
//!
//! What is not known here is refused with its name and place: a query never runs with another
//! meaning than BigQuery's. Functions stand on allow-lists, one module per family.

mod aggregates;
mod analysis;
mod arrays;
mod call;
mod changes;
mod columns;
mod constants;
mod create;
mod dates;
mod definitions;
mod errors;
mod functions;
mod information;
mod jsons;
mod merge;
mod names;
mod numbers;
mod parameters;
mod records;
mod rewrite;
mod row_id;
mod script;
mod selects;
mod session;
mod strings;
mod tables;
mod tokens;
mod types;
mod zones;

use std::collections::BTreeSet;

use serde_json::Value;
use sqlparser::ast::{DataType, Expr, Query, Spanned, VisitMut};
use sqlparser::parser::ParserError;

use crate::catalog::{Catalog, Table};
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::schema::Field;

use analysis::Analyzer;

pub(crate) use changes::{Change, ChangeKind, change};
pub(crate) use create::{CreateAs, create_as, create_as_of, only_query, only_statement};
pub(crate) use definitions::{ColumnChange, Definition, Existing, definition};
pub(crate) use errors::from_duckdb;
pub(crate) use functions::define;
pub(crate) use script::{Step, read, table_names};
pub(crate) use session::{Session, duck_variable};

/// What a query may refer to.
pub(crate) struct Scope<'a> {
    /// All tables.
    pub(crate) catalog: &'a Catalog,
    /// Project of the job, for names without one.
    pub(crate) project: &'a str,
    /// Dataset for names of one word.
    pub(crate) default_dataset: Option<&'a DatasetId>,
    /// `queryParameters` as sent.
    pub(crate) parameters: &'a [Value],
    /// What the script made before.
    pub(crate) session: &'a Session,
}

impl Scope<'_> {
    /// A table of the catalog or of the script.
    fn find(&self, id: &TableId) -> Option<&Table> {
        match id.is_of_session() {
            true => self.session.tables.get(&id.table),
            false => self.catalog.find(id),
        }
    }

    /// A table that must exist.
    ///
    /// # Errors
    /// `notFound`, with the location.
    fn table(&self, id: &TableId) -> Result<&Table, BqError> {
        if id.is_of_session() {
            let missing = || BqError::not_found(format_args!("Table _SESSION.{}", id.table));
            return self.find(id).ok_or_else(missing);
        }
        self.catalog.table(id).map_err(|mut error| {
            let dataset = self.catalog.datasets.get(&id.dataset_id());
            let location = dataset.map_or("US", |dataset| dataset.location.as_str());
            error.message = format!("{} was not found in location {location}", error.message);
            error
        })
    }
}

/// A query that DuckDB understands.
#[derive(Debug)]
pub(crate) struct Translated {
    /// DuckDB's text.
    pub(crate) sql: String,
    /// The tables it reads.
    pub(crate) reads: BTreeSet<TableId>,
    /// Lower-case words of the query, to tell which columns it touches.
    pub(crate) words: BTreeSet<String>,
}

/// Rewrites one SELECT statement.
///
/// # Errors
/// `invalidQuery` with BigQuery's words; `notFound` for a table.
pub(crate) fn translate(
    query: &Query,
    text: &str,
    scope: &Scope<'_>,
) -> Result<Translated, BqError> {
    let mut query = query.clone();
    prepare(&mut query, scope)?;
    Analyzer::new(scope).check_query(&mut query)?;
    let mut rewriter = rewrite::Rewriter::new(scope);
    rewriter.walk(&mut query)?;
    Ok(Translated { sql: query.to_string(), reads: rewriter.into_reads(), words: words(text) })
}

/// Rewrites one expression that stands alone, as in SET.
///
/// # Errors
/// `invalidQuery` with BigQuery's words.
pub(crate) fn translate_value(value: &Expr, scope: &Scope<'_>) -> Result<String, BqError> {
    let mut value = value.clone();
    prepare(&mut value, scope)?;
    Analyzer::new(scope).check_value(&mut value)?;
    let mut rewriter = rewrite::Rewriter::new(scope);
    rewriter.walk(&mut value)?;
    Ok(value.to_string())
}

/// The type of a variable, as a column of its name.
///
/// # Errors
/// `invalidQuery` for a type that is not known here.
pub(crate) fn variable(name: &str, data_type: &DataType) -> Result<Field, BqError> {
    columns::field(name, data_type)
}

/// Numbers the `?` in the order of the text, and puts functions in place of their calls.
fn prepare<T: VisitMut>(node: &mut T, scope: &Scope<'_>) -> Result<(), BqError> {
    parameters::number(node);
    functions::expand(node, scope.session)
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '*')
        .map(str::to_lowercase)
        .collect()
}

/// sqlparser says `… at Line: 1, Column: 7`, BigQuery `… at [1:7]`.
fn syntax_error(error: ParserError) -> BqError {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => "the query is nested too deeply".into(),
    };
    let place = message.rsplit_once(" at Line: ").and_then(|(before, after)| {
        let (line, column) = after.split_once(", Column: ")?;
        Some(format!("{before} at [{line}:{column}]"))
    });
    BqError::query(format!("Syntax error: {}", place.unwrap_or(message)))
}

/// ` at [line:column]` of a node, empty when it has none.
fn place(node: &impl Spanned) -> String {
    let start = node.span().start;
    if start.line == 0 { String::new() } else { format!(" at [{}:{}]", start.line, start.column) }
}
