//! `tables.insert` of a view.

use serde_json::{Map, Value, json};
use sqlparser::ast::Statement;

use crate::catalog::{Catalog, Table};
use crate::error::BqError;
use crate::ids::TableId;
use crate::jobs::config::required;
use crate::jobs::record::now_ms;
use crate::query;
use crate::sql::{self, Scope};
use crate::warehouse::Warehouse;

/// The entry of a view; its columns are those of its query now.
///
/// # Errors
/// What is wrong with the query, `notImplemented` for legacy SQL.
pub(super) fn view(
    warehouse: &Warehouse,
    catalog: &Catalog,
    id: &TableId,
    body: &Value,
    mut other: Map<String, Value>,
) -> Result<Table, BqError> {
    let text = required(&body["view"], "query", "view.query")?.to_owned();
    // BigQuery takes legacy SQL unless it is told otherwise.
    if body["view"]["useLegacySql"] != Value::Bool(false) {
        return Err(BqError::not_implemented("A view in legacy SQL"));
    }
    let steps = sql::read(&text)?;
    let Some((Statement::Query(query), text_of_query, session)) = sql::only_statement(&steps)
    else {
        return Err(BqError::query("A view must be one SELECT"));
    };
    let scope = Scope {
        catalog,
        project: &id.project,
        default_dataset: None,
        parameters: &[],
        session: &session,
    };
    let location = &catalog.dataset(&id.dataset_id())?.location;
    let connection = warehouse.connection()?;
    let fields = query::plan(&connection, query, text_of_query, &scope, location)?.fields;
    other.insert("view".into(), json!({ "query": text, "useLegacySql": false }));
    let now = now_ms();
    Ok(Table { fields, partitioning: None, created_ms: now, modified_ms: now, other })
}
