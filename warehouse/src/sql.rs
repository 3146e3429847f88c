//! GoogleSQL to DuckDB SQL, by rewriting the syntax tree.
//!
//! What is not known here is refused with its name and place: a query never runs with another
//! meaning than BigQuery's. Functions stand on allow-lists, one module per family.

mod aggregates;
mod arrays;
mod call;
mod create;
mod dates;
mod errors;
mod jsons;
mod names;
mod numbers;
mod parameters;
mod records;
mod rewrite;
mod row_id;
mod selects;
mod strings;
mod tables;
mod types;

use std::collections::BTreeSet;

use serde_json::Value;
use sqlparser::ast::{Spanned, Statement};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::{Parser, ParserError};

use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};

pub(crate) use create::{CreateAs, create_as};
pub(crate) use errors::from_duckdb;

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
/// `invalidQuery` with BigQuery's words; `notFound` for a table; `notImplemented` for statements
/// other than SELECT.
pub(crate) fn translate(text: &str, scope: &Scope<'_>) -> Result<Translated, BqError> {
    let mut statements = Parser::parse_sql(&BigQueryDialect {}, text).map_err(syntax_error)?;
    let statement = match (statements.pop(), statements.len()) {
        (Some(statement), 0) => statement,
        (Some(_), _) => return Err(BqError::not_implemented("A script of several statements")),
        (None, _) => return Err(BqError::query("Syntax error: Unexpected end of script")),
    };
    let Statement::Query(mut query) = statement else {
        // DML and scripts would be translated here, each in a module of its own.
        let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        return Err(BqError::not_implemented(format_args!("The statement {word}")));
    };
    let mut rewriter = rewrite::Rewriter::new(scope);
    rewriter.query(&mut query)?;
    let words = text
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '*')
        .map(str::to_lowercase)
        .collect();
    Ok(Translated { sql: query.to_string(), reads: rewriter.into_reads(), words })
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
