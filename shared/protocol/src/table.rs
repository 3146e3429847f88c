//! Table names as `.dig` files write them: `[project:][dataset.]table[$decorator]`.
//!
//! digdag knows `$YYYYMMDD` only (`Bq.java`); here a decorator has 4, 6, 8 or 10 digits, as BigQuery allows
//! ("Partition decorators", docs of partitioned tables). `project.dataset.table` is accepted beside digdag's colon.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table or one partition of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableReference {
    /// GCP project; `None` means the project in which the job runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Dataset.
    pub dataset: String,
    /// Table, without the decorator.
    pub table: String,
    /// Digits after `$`: the partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
}

/// A dataset, as in `dataset: [project:]name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DatasetReference {
    /// GCP project; `None` means the project in which the job runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Dataset.
    pub dataset: String,
}

/// Why a table or dataset name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Nothing says in which dataset the table is.
    #[error(
        "table `{table}` has no dataset; write `dataset.{table}` or add `dataset:` to the task"
    )]
    NoDataset {
        /// The name as written.
        table: String,
    },
    /// The decorator is not one BigQuery knows.
    #[error(
        "partition decorator `${decorator}` of `{table}` is not 4, 6, 8 or 10 digits, such as `$20190901`"
    )]
    Decorator {
        /// The name as written.
        table: String,
        /// What stands behind `$`.
        decorator: String,
    },
    /// A part of the name is empty or has characters that BigQuery refuses.
    #[error("`{name}` is not a BigQuery {what} name")]
    Name {
        /// The part as written.
        name: String,
        /// `project`, `dataset` or `table`.
        what: &'static str,
    },
}

impl DatasetReference {
    /// Reads `name`, `project:name` or `project.name`.
    ///
    /// # Errors
    /// A part that BigQuery would refuse.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let (project, dataset) = match text.rsplit_once([':', '.']) {
            Some((project, dataset)) => (Some(checked_project(project)?), dataset),
            None => (None, text),
        };
        Ok(Self { project, dataset: checked_dataset(dataset)? })
    }
}

impl TableReference {
    /// Reads a table name; a name without dataset takes `default`.
    ///
    /// # Errors
    /// No dataset anywhere, a decorator BigQuery does not know, or a part it would refuse.
    pub fn parse(text: &str, default: Option<&DatasetReference>) -> Result<Self, TableError> {
        let (name, partition) = match text.split_once('$') {
            Some((name, decorator)) => (name, Some(checked_decorator(text, decorator)?)),
            None => (text, None),
        };
        let (qualifier, table) = match name.rsplit_once('.') {
            Some((qualifier, table)) => (Some(qualifier), table),
            None => (None, name),
        };
        let dataset = match (qualifier, default) {
            (Some(qualifier), _) => DatasetReference::parse(qualifier)?,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(TableError::NoDataset { table: text.to_owned() });
            }
        };
        let project =
            dataset.project.or_else(|| default.and_then(|default| default.project.clone()));
        Ok(Self { project, dataset: dataset.dataset, table: checked_table(table)?, partition })
    }

    /// The same table in `project`, unless the name already says one.
    #[must_use]
    pub fn in_project(mut self, project: &str) -> Self {
        self.project.get_or_insert_with(|| project.to_owned());
        self
    }

    /// Whether both have rows in common: they are the same, or one holds the other, as a table all of its partitions and
    /// `$2019` the partition `$20190901`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let same_table = (&self.project, &self.dataset, &self.table)
            == (&other.project, &other.dataset, &other.table);
        let digits = |table: &Self| table.partition.clone().unwrap_or_default();
        let (own, others) = (digits(self), digits(other));
        same_table && (own.starts_with(&others) || others.starts_with(&own))
    }

    /// Table with decorator, as BigQuery's `tableId` wants it: `access$20190901`.
    #[must_use]
    pub fn table_id(&self) -> String {
        match &self.partition {
            Some(partition) => format!("{}${partition}", self.table),
            None => self.table.clone(),
        }
    }
}

/// `project.dataset.table$partition`, as far as known.
impl fmt::Display for TableReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(project) = &self.project {
            write!(f, "{project}.")?;
        }
        write!(f, "{}.{}", self.dataset, self.table_id())
    }
}

fn checked_decorator(text: &str, decorator: &str) -> Result<String, TableError> {
    let digits = decorator.bytes().all(|b| b.is_ascii_digit());
    if digits && matches!(decorator.len(), 4 | 6 | 8 | 10) {
        return Ok(decorator.to_owned());
    }
    Err(TableError::Decorator { table: text.to_owned(), decorator: decorator.to_owned() })
}

/// Project ids: letters, digits and hyphens, with `domain.com:` before old ones (Resource Manager docs).
fn checked_project(name: &str) -> Result<String, TableError> {
    checked(name, "project", |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
}

fn checked_dataset(name: &str) -> Result<String, TableError> {
    checked(name, "dataset", |c| c.is_ascii_alphanumeric() || c == '_')
}

/// Table ids may hold Unicode letters, marks, digits, connectors, dashes and spaces (BigQuery "Table naming").
fn checked_table(name: &str) -> Result<String, TableError> {
    checked(name, "table", |c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
}

fn checked(
    name: &str,
    what: &'static str,
    allowed: impl Fn(char) -> bool,
) -> Result<String, TableError> {
    if name.is_empty() || name.len() > 1024 || !name.chars().all(allowed) {
        return Err(TableError::Name { name: name.to_owned(), what });
    }
    Ok(name.to_owned())
}
