//! Types of all values before anything is rewritten: what Google's analyzer refuses is refused here,
//! with its place, and what only types decide is written into the tree.
//!
//! Where a type cannot be worked out it is unknown, and everything is allowed: DuckDB then decides.

mod calls;
mod expressions;
mod items;
mod kinds;
mod operators;
mod pivots;
mod records;
mod scopes;
mod selects;
mod signatures;
mod sources;
mod structs;

use sqlparser::ast::{Assignment, AssignmentTarget, Expr, Query, TableFactor, TableWithJoins};

use super::{Scope, names, place};
use crate::error::BqError;
use crate::ids::TableId;
use crate::schema::Field;

pub(super) use calls::not_found;
pub(super) use operators::call;
pub(super) use signatures::is_function;

use kinds::{Kind, Typed};
use scopes::{Columns, Frame};

/// Walks one statement.
pub(super) struct Analyzer<'a> {
    scope: &'a Scope<'a>,
    /// Names of WITH in lower case, the innermost last.
    ctes: Vec<(String, Columns)>,
    /// Sources of the queries around, the innermost last.
    frames: Vec<Frame>,
    /// The clause that is walked, when it must not hold aggregates.
    without_aggregates: Option<&'static str>,
}

impl<'a> Analyzer<'a> {
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Self { scope, ctes: Vec::new(), frames: Vec::new(), without_aggregates: None }
    }

    /// Checks a SELECT.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_query(&mut self, query: &mut Query) -> Result<(), BqError> {
        self.query(query).map(|_| ())
    }

    /// Checks a value that stands alone; true when it is known to be no BOOL.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_value(&mut self, value: &mut Expr) -> Result<(), BqError> {
        self.expr(value).map(|_| ())
    }

    /// Checks the query of an INSERT against the columns it fills.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_rows(
        &mut self,
        query: &mut Query,
        columns: &[&Field],
    ) -> Result<(), BqError> {
        let start = place(query);
        let Some(found) = self.query(query)? else {
            return Ok(());
        };
        if found.len() != columns.len() {
            return Err(BqError::query(format!(
                "Inserted row has wrong column count; Has {}, expected {}{start}",
                found.len(),
                columns.len()
            )));
        }
        for (index, (value, column)) in found.iter().zip(columns).enumerate() {
            structs::check(&value.typed.kind, &Kind::of_field(column), &start)?;
            if !value.typed.fits(&Kind::of_field(column)) {
                return Err(BqError::query(format!(
                    "Query column {} has type {} which cannot be inserted into column {}, which has \
                     type {}{start}",
                    index + 1,
                    value.typed.kind,
                    column.name,
                    Kind::of_field(column)
                )));
            }
        }
        Ok(())
    }

    /// Checks a value that is stored in a column. `DEFAULT` is no value.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_stored(&mut self, value: &mut Expr, column: &Field) -> Result<(), BqError> {
        if is_default(value) {
            return Ok(());
        }
        let at = place(value);
        let to = Kind::of_field(column);
        structs::rename(value, &to);
        let typed = self.expr(value)?;
        structs::check(&typed.kind, &to, &at)?;
        match typed.fits(&to) {
            true => Ok(()),
            false => Err(BqError::query(format!(
                "Value has type {} which cannot be assigned to {}, which has type {}{at}",
                typed.kind, column.name, to
            ))),
        }
    }

    /// Checks a condition, which must be BOOL.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_condition(
        &mut self,
        condition: &mut Expr,
        clause: &'static str,
    ) -> Result<(), BqError> {
        let at = place(condition);
        let outer = self.without_aggregates;
        if ["WHERE clause", "JOIN ON clause"].contains(&clause) {
            self.without_aggregates = Some(clause);
        }
        let typed = self.expr(condition);
        self.without_aggregates = outer;
        #[expect(clippy::wildcard_enum_match_arm, reason = "one type is a condition")]
        match typed?.kind {
            Kind::Bool | Kind::Unknown | Kind::Null => Ok(()),
            other => Err(BqError::query(format!(
                "{clause} should return type BOOL, but returns {other}{at}"
            ))),
        }
    }

    /// Makes the columns of a table known to what follows.
    pub(super) fn enter(&mut self, id: &TableId, alias: &str, fields: &[Field]) {
        let is_ingestion_time =
            self.scope.find(id).is_some_and(crate::catalog::Table::is_ingestion_time);
        let source = scopes::Source::of_fields(alias, fields, is_ingestion_time);
        self.frames.push(Frame { sources: vec![source], ..Frame::default() });
    }

    /// Makes more sources known beside the table.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn join(&mut self, from: &mut [TableWithJoins]) -> Result<(), BqError> {
        from.iter_mut().try_for_each(|table| self.table_with_joins(table))
    }

    /// Makes the source of a MERGE known beside its target; its columns in order, if they are known.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn join_source(
        &mut self,
        source: &mut TableFactor,
    ) -> Result<Option<Vec<String>>, BqError> {
        self.source(source)?;
        let last = self.frames.last().and_then(|frame| frame.sources.last());
        let columns = last.and_then(|source| source.columns.as_ref());
        Ok(columns.map(|columns| columns.iter().map(|column| column.name.clone()).collect()))
    }

    /// Checks `a = 1, b = 2`. Names of columns are checked where they are rewritten.
    ///
    /// # Errors
    /// `invalidQuery`, `notFound`.
    pub(super) fn check_assignments(
        &mut self,
        assignments: &mut [Assignment],
        table: &crate::catalog::Table,
    ) -> Result<(), BqError> {
        for Assignment { target, value } in assignments {
            let AssignmentTarget::ColumnName(name) = target else { continue };
            let column = names::parts(name).pop().and_then(|name| table.field(&name));
            match column {
                Some(column) => self.check_stored(value, column)?,
                None => self.check_value(value)?,
            }
        }
        Ok(())
    }
}

/// `DEFAULT` in place of a value.
pub(super) fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Identifier(name)
        if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("DEFAULT"))
}

/// The error of types that do not go together.
fn no_match(what: &str, kinds: &[&Typed], at: &str) -> BqError {
    let kinds: Vec<String> = kinds.iter().map(|typed| typed.kind.to_string()).collect();
    BqError::query(format!(
        "No matching signature for {what} for argument types: {}{at}",
        kinds.join(", ")
    ))
}
