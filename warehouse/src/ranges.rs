//! Tables partitioned by ranges of integers: `table$100` names the rows from 100 up to the next range.
//!
//! The setting is kept among what a table has beside its columns, under its REST name.

use std::str::FromStr;

use serde_json::Value;

use crate::catalog::Table;
use crate::error::BqError;
use crate::ids::quote;
use crate::schema::{FieldType, Mode};

/// The setting's name in a table resource.
pub(crate) const KEY: &str = "rangePartitioning";

/// `rangePartitioning`: a column, and the ranges of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) column: String,
    start: i64,
    end: i64,
    interval: i64,
}

impl Ranges {
    /// Reads the setting.
    ///
    /// # Errors
    /// `invalid` when it holds no ranges.
    pub(crate) fn parse(setting: &Value) -> Result<Self, BqError> {
        let number = |key: &str| {
            let value = &setting["range"][key];
            let number = value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok());
            number.ok_or_else(|| BqError::invalid(format!("Invalid value for: range.{key}")))
        };
        let column = setting["field"].as_str().unwrap_or_default().to_owned();
        let ranges = Self {
            column,
            start: number("start")?,
            end: number("end")?,
            interval: number("interval")?,
        };
        match !ranges.column.is_empty() && ranges.interval > 0 && ranges.start < ranges.end {
            true => Ok(ranges),
            false => Err(BqError::invalid(
                "rangePartitioning needs a field, and a range with start < end and interval > 0",
            )),
        }
    }

    /// The ranges of a table, if it has some.
    pub(crate) fn of(table: &Table) -> Option<Self> {
        Self::parse(table.other.get(KEY)?).ok()
    }

    /// Checks that the column is there and holds integers.
    ///
    /// # Errors
    /// `invalid` with the column.
    pub(crate) fn check(&self, table: &Table) -> Result<(), BqError> {
        let fits = |kind| kind == FieldType::Integer;
        match table.field(&self.column) {
            Some(field) if fits(field.kind) && field.mode != Mode::Repeated => Ok(()),
            Some(field) => Err(BqError::invalid(format!(
                "The field specified for range partitioning can only be of type INTEGER. The type \
                 found is: {}.",
                field.kind.name()
            ))),
            None => Err(BqError::invalid(format!(
                "The field specified for partitioning cannot be found in the schema: {}",
                self.column
            ))),
        }
    }

    /// DuckDB's condition for the rows of one decorator.
    ///
    /// # Errors
    /// `invalid` when no range begins there.
    pub(crate) fn inside(&self, decorator: &str) -> Result<String, BqError> {
        let column = quote(&self.column);
        match decorator {
            "__NULL__" => return Ok(format!("{column} IS NULL")),
            "__UNPARTITIONED__" => {
                return Ok(format!("({column} < {} OR {column} >= {})", self.start, self.end));
            }
            _number => {}
        }
        let start = i64::from_str(decorator).ok().filter(|start| {
            *start >= self.start
                && *start < self.end
                && start.checked_sub(self.start).is_some_and(|from| from % self.interval == 0)
        });
        let start = start.ok_or_else(|| {
            BqError::invalid(format!(
                "Invalid range partitioning decorator \"{decorator}\": no range of the table \
                 begins there"
            ))
        })?;
        let end = start.saturating_add(self.interval).min(self.end);
        Ok(format!("{column} >= {start} AND {column} < {end}"))
    }

    /// DuckDB's text for the partition id of a row.
    pub(crate) fn key(&self) -> String {
        let Self { start, end, interval, .. } = self;
        let column = quote(&self.column);
        format!(
            "CASE WHEN {column} IS NULL THEN '__NULL__' \
             WHEN {column} < {start} OR {column} >= {end} THEN '__UNPARTITIONED__' \
             ELSE CAST({start} + (({column} - {start}) // {interval}) * {interval} AS VARCHAR) END"
        )
    }

    /// The setting as BigQuery's messages name it.
    pub(crate) fn specification(&self) -> String {
        format!("range(field:{})", self.column)
    }
}
