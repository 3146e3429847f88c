//! Datasets and tables that a `bq_ddl>` makes, empties and deletes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{DatasetReference, TableReference};

/// What is done, in order. Each operation may be repeated: what is there already, or gone already, is left so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DdlWork {
    /// GCP project of what names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The operations.
    pub operations: Vec<DdlOperation>,
}

/// One operation. A resource is as BigQuery's REST interface describes it, without its reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum DdlOperation {
    /// Deletes a dataset with everything in it.
    DeleteDataset {
        /// Which.
        dataset: DatasetReference,
    },
    /// Deletes a dataset with everything in it and makes it anew.
    EmptyDataset {
        /// Which.
        dataset: DatasetReference,
        /// What it is like.
        resource: Map<String, Value>,
    },
    /// Makes a dataset if it is not there.
    CreateDataset {
        /// Which.
        dataset: DatasetReference,
        /// What it is like.
        resource: Map<String, Value>,
    },
    /// Deletes a table or view.
    DeleteTable {
        /// Which.
        table: TableReference,
    },
    /// Deletes a table and makes it anew.
    EmptyTable {
        /// Which.
        table: TableReference,
        /// What it is like.
        resource: Map<String, Value>,
    },
    /// Makes a table or view if it is not there.
    CreateTable {
        /// Which.
        table: TableReference,
        /// What it is like.
        resource: Map<String, Value>,
    },
}
