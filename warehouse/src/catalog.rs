//! What datasets and tables exist, and how tables are partitioned.
//!
//! The catalog lives in memory and, row by row, in the same DuckDB file as the data: a table and
//! its entry appear in one commit.

mod persisted;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::partition::Granularity;
use crate::schema::Field;

pub(crate) use persisted::{
    SCHEMA, create, drop_dataset, drop_table, load, put_dataset, put_table,
};

/// The hidden column of ingestion-time tables.
pub(crate) const PARTITION_TIME: &str = "_PARTITIONTIME";

/// How a table is cut into partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimePartitioning {
    /// Length of a partition.
    #[serde(rename = "type", default = "day")]
    pub(crate) granularity: Granularity,
    /// The column that decides; none for ingestion time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What else was sent, such as `expirationMs`: kept and shown, without effect.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

fn day() -> Granularity {
    Granularity::Day
}

impl TimePartitioning {
    /// One partition for each UTC day of arrival, what a decorator creates.
    pub(crate) fn ingestion_day() -> Self {
        Self { granularity: Granularity::Day, field: None, other: Map::new() }
    }
}

/// What is known of a table beside its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Columns, without the hidden one.
    pub(crate) fields: Vec<Field>,
    /// Partitions, if any.
    pub(crate) partitioning: Option<TimePartitioning>,
    /// Milliseconds since 1970.
    pub(crate) created_ms: i64,
    /// Milliseconds since 1970 of the last write.
    pub(crate) modified_ms: i64,
    /// Description, labels, clustering: kept and shown, without effect.
    #[serde(default)]
    pub(crate) other: Map<String, Value>,
}

impl Table {
    /// Whether rows carry the hidden arrival time.
    pub(crate) fn is_ingestion_time(&self) -> bool {
        self.partitioning.as_ref().is_some_and(|partitioning| partitioning.field.is_none())
    }

    /// The query of a view; none for a table.
    pub(crate) fn view(&self) -> Option<&str> {
        self.other.get("view")?["query"].as_str()
    }

    /// Refuses what only tables with rows of their own allow.
    ///
    /// # Errors
    /// `invalid` for a view.
    pub(crate) fn has_rows(&self, id: &TableId) -> Result<(), BqError> {
        match self.view() {
            None => Ok(()),
            Some(_) => Err(BqError::invalid(format!(
                "Using table {id} is not allowed for this operation because of its type. Try using a \
                 different table that is of type TABLE."
            ))),
        }
    }

    /// A column by its name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

/// A dataset with its tables.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// Region; jobs of another region do not see the dataset.
    pub(crate) location: String,
    /// Milliseconds since 1970.
    pub(crate) created_ms: i64,
    /// Labels and descriptions: kept and shown, without effect.
    pub(crate) other: Map<String, Value>,
    /// By table name.
    pub(crate) tables: BTreeMap<String, Table>,
}

/// All datasets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    /// By project and name.
    pub(crate) datasets: BTreeMap<DatasetId, Dataset>,
}

impl Catalog {
    /// A dataset that must exist.
    ///
    /// # Errors
    /// `notFound`.
    pub(crate) fn dataset(&self, id: &DatasetId) -> Result<&Dataset, BqError> {
        self.datasets.get(id).ok_or_else(|| BqError::not_found(format_args!("Dataset {id}")))
    }

    /// A table, if its dataset has it.
    pub(crate) fn find(&self, id: &TableId) -> Option<&Table> {
        self.datasets.get(&id.dataset_id())?.tables.get(&id.table)
    }

    /// A table that must exist.
    ///
    /// # Errors
    /// `notFound` of the dataset or of the table.
    pub(crate) fn table(&self, id: &TableId) -> Result<&Table, BqError> {
        let dataset = self.dataset(&id.dataset_id())?;
        dataset.tables.get(&id.table).ok_or_else(|| BqError::not_found(format_args!("Table {id}")))
    }
}
