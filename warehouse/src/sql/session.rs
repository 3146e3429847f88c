//! What a script has made so far: variables, functions, temporary tables.

use std::collections::BTreeMap;

use sqlparser::ast::{DataType, Expr};

use crate::catalog::Table;
use crate::schema::Field;

/// Names are kept in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// The type of each; values are kept by the connection.
    pub(crate) variables: BTreeMap<String, Field>,
    pub(crate) functions: BTreeMap<String, TempFunction>,
    pub(crate) tables: BTreeMap<String, Table>,
    /// `@@error.message` in a handler.
    pub(crate) error: Option<String>,
}

/// `CREATE TEMP FUNCTION`: put in place of each call.
#[derive(Debug, Clone)]
pub(crate) struct TempFunction {
    /// Names in lower case; no type for `ANY TYPE`.
    pub(crate) parameters: Vec<(String, Option<DataType>)>,
    pub(crate) returns: Option<DataType>,
    pub(crate) body: Expr,
}

/// DuckDB's name of a variable.
pub(crate) fn duck_variable(name: &str) -> String {
    format!("bq_{}", name.to_lowercase())
}
