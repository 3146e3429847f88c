//! Names of datasets and tables, and how they are spelled inside DuckDB.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::BqError;

/// A dataset of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatasetId {
    /// Google Cloud project.
    #[serde(rename = "projectId")]
    pub(crate) project: String,
    /// Dataset of the project.
    #[serde(rename = "datasetId")]
    pub(crate) dataset: String,
}

/// A table, without partition decorator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct TableId {
    /// Google Cloud project.
    #[serde(rename = "projectId")]
    pub(crate) project: String,
    /// Dataset of the project.
    #[serde(rename = "datasetId")]
    pub(crate) dataset: String,
    /// Table of the dataset.
    #[serde(rename = "tableId")]
    pub(crate) table: String,
}

impl DatasetId {
    /// Checks both names against BigQuery's rules.
    ///
    /// # Errors
    /// `invalid` when a character is not allowed.
    pub(crate) fn new(project: &str, dataset: &str) -> Result<Self, BqError> {
        let project_ok = |c: char| c.is_ascii_alphanumeric() || "-.:_".contains(c);
        if project.is_empty() || !project.chars().all(project_ok) {
            return Err(BqError::invalid(format!("Invalid project ID '{project}'.")));
        }
        let dataset_ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if dataset.is_empty() || dataset.len() > 1024 || !dataset.chars().all(dataset_ok) {
            return Err(BqError::invalid(format!(
                "Invalid dataset ID \"{dataset}\". Dataset IDs must be alphanumeric (plus \
                 underscores) and must be at most 1024 characters long."
            )));
        }
        Ok(Self { project: project.into(), dataset: dataset.into() })
    }

    /// The DuckDB schema of this dataset, quoted.
    pub(crate) fn schema(&self) -> String {
        quote(&format!("{}.{}", encode(&self.project), encode(&self.dataset)))
    }
}

impl TableId {
    /// Checks all names against BigQuery's rules.
    ///
    /// # Errors
    /// `invalid` when a character is not allowed.
    pub(crate) fn new(project: &str, dataset: &str, table: &str) -> Result<Self, BqError> {
        DatasetId::new(project, dataset)?;
        let ok = |c: char| c.is_alphanumeric() || "_- ".contains(c);
        if table.is_empty() || table.len() > 1024 || !table.chars().all(ok) {
            return Err(BqError::invalid(format!("Invalid table ID \"{table}\".")));
        }
        Ok(Self { project: project.into(), dataset: dataset.into(), table: table.into() })
    }

    /// A temporary table of a script; no dataset can have this name.
    pub(crate) fn of_session(name: &str) -> Self {
        Self { project: String::new(), dataset: "_SESSION".into(), table: name.to_lowercase() }
    }

    /// Whether this is a temporary table.
    pub(crate) fn is_of_session(&self) -> bool {
        self.project.is_empty()
    }

    /// The dataset of this table.
    pub(crate) fn dataset_id(&self) -> DatasetId {
        DatasetId { project: self.project.clone(), dataset: self.dataset.clone() }
    }

    /// The DuckDB name with its schema, quoted.
    pub(crate) fn duck(&self) -> String {
        if self.is_of_session() {
            return format!("temp.main.{}", quote(&format!("session.{}", encode(&self.table))));
        }
        format!("{}.{}", self.dataset_id().schema(), quote(&encode(&self.table)))
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.project, self.dataset)
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.project, self.dataset, self.table)
    }
}

/// A DuckDB identifier in double quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A DuckDB string literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// BigQuery's names differ by case, DuckDB's do not: a capital becomes `^` and the small letter.
/// `^` is in no BigQuery name, so the spelling can be read back.
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_uppercase() {
            out.push('^');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_case_are_different_tables() {
        let upper = TableId::new("title-a", "Mart", "KPI").unwrap();
        let lower = TableId::new("title-a", "mart", "kpi").unwrap();

        assert_eq!(upper.duck(), "\"title-a.^mart\".\"^k^p^i\"");
        assert_eq!(lower.duck(), "\"title-a.mart\".\"kpi\"");
    }

    #[test]
    fn a_quote_in_a_name_is_refused_before_it_reaches_sql() {
        assert!(TableId::new("p", "d", "t\"; DROP").is_err());
        assert!(DatasetId::new("p", "d.x").is_err());
    }
}
