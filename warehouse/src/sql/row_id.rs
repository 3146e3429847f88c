//! `rowid`: DuckDB gives every table a hidden column of this name, in BigQuery it is a name like any
//! other.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Ident};

use super::place;
use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::TableId;

const ROW_ID: &str = "rowid";

/// Where the word stands in a query.
#[derive(Default)]
pub(super) struct RowId {
    words: usize,
    /// How often it is a value; all other places give the name to something.
    values: usize,
    /// ` at [line:column]` of the first value.
    first: String,
}

impl RowId {
    /// Counts every word of the query, whatever it stands for.
    pub(super) fn note_word(&mut self, ident: &Ident) {
        self.words += usize::from(is_row_id(ident));
    }

    /// Counts the values among the words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only two of many nodes are plain names")]
    pub(super) fn note_value(&mut self, expr: &Expr) {
        let last = match expr {
            Expr::Identifier(ident) => Some(ident),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        if last.is_some_and(is_row_id) {
            if self.values == 0 {
                self.first = place(expr);
            }
            self.values += 1;
        }
    }

    /// Refuses the word in a query that nowhere gives this name to something of its own.
    ///
    /// # Errors
    /// `invalidQuery`: `Unrecognized name`, with its place.
    pub(super) fn check(
        &self,
        catalog: &Catalog,
        reads: &BTreeSet<TableId>,
    ) -> Result<(), BqError> {
        let mut tables = reads.iter().filter_map(|id| catalog.find(id));
        let given = self.words > self.values;
        if self.values == 0 || given || tables.any(|table| table.field(ROW_ID).is_some()) {
            return Ok(());
        }
        Err(BqError::query(format!("Unrecognized name: {ROW_ID}{}", self.first)))
    }
}

fn is_row_id(ident: &Ident) -> bool {
    ident.value.eq_ignore_ascii_case(ROW_ID)
}
