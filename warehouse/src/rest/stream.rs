//! `tabledata.insertAll`: rows that are in the table when the answer comes.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::{Answer, Shared, blocking, object};
use crate::error::BqError;
use crate::ids::TableId;
use crate::jobs::config::{Destination, WriteDisposition};
use crate::jobs::record::now_ms;
use crate::load::stage::Stage;
use crate::load::values;
use crate::partition::split_decorator;
use crate::query::{self, RESULT};
use crate::schema::Field;
use crate::warehouse::Warehouse;
use crate::write::{self, Rows};

/// What a request says about its rows.
struct InsertRequest {
    destination: Destination,
    rows: Vec<Value>,
    skip_invalid: bool,
    ignore_unknown: bool,
}

/// Rows without a fault are written, or none.
pub(super) async fn insert_all(
    State(warehouse): Shared,
    Path((project, dataset, name)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let (table, decorator) = split_decorator(&name);
    let suffix = body["templateSuffix"].as_str().unwrap_or_default();
    if !suffix.is_empty() {
        return Err(BqError::not_implemented("A templateSuffix"));
    }
    let id = TableId::new(&project, &dataset, table)?;
    let rows = body["rows"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        return Err(BqError::invalid("No rows present in the request."));
    }
    let destination = Destination::into_table(id, decorator, WriteDisposition::Append);
    let request = InsertRequest {
        destination,
        rows,
        skip_invalid: body["skipInvalidRows"] == Value::Bool(true),
        ignore_unknown: body["ignoreUnknownValues"] == Value::Bool(true),
    };
    blocking(move || insert(&warehouse, &request)).await
}

fn insert(warehouse: &Arc<Warehouse>, request: &InsertRequest) -> Result<Answer, BqError> {
    let id = &request.destination.table;
    let catalog = warehouse.catalog();
    let table = catalog.table(id)?;
    table.has_rows(id)?;
    let fields = table.fields.clone();
    if fields.is_empty() {
        return Err(BqError::invalid(format!("The destination table {id} has no schema.")));
    }
    let connection = warehouse.connection()?;
    let mut stage = Stage::begin(&warehouse.folder, "JSON", 0)?;
    let (good, errors) = check(request, &fields);
    let mut answer = json!({ "kind": "bigquery#tableDataInsertAllResponse" });
    if !errors.is_empty() {
        answer["insertErrors"] = json!(errors);
    }
    if good.is_empty() || !(errors.is_empty() || request.skip_invalid) {
        return Ok(Answer(answer));
    }
    let ids = good.iter().filter_map(|(index, _)| request.rows[*index]["insertId"].as_str());
    let fresh = warehouse.insert_ids.fresh(id, ids, now_ms());
    let mut seen = HashSet::new();
    for (index, row) in &good {
        // A row that comes again because its answer was lost is written once.
        let insert_id = request.rows[*index]["insertId"].as_str();
        if insert_id.is_none_or(|id| fresh.contains(id) && seen.insert(id)) {
            stage.good(row)?;
        }
    }
    stage.finish(&connection, &fields)?;
    let rows = Rows { from: RESULT, fields: &fields };
    let written = write::write(warehouse, &connection, &request.destination, &rows, &|_, _| Ok(()));
    query::forget(&connection);
    if written.is_err() {
        warehouse.insert_ids.forget(id, &fresh);
    }
    written.map(|_| Answer(answer))
}

/// The rows that fit, with their numbers, and what is wrong with the others.
fn check(request: &InsertRequest, fields: &[Field]) -> (Vec<(usize, Vec<Value>)>, Vec<Value>) {
    let nothing = Map::new();
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in request.rows.iter().enumerate() {
        let object = row["json"].as_object().unwrap_or(&nothing);
        match values::row(object, fields, request.ignore_unknown) {
            Ok(row) => good.push((index, row)),
            Err(wrong) => errors.push(insert_error(index, "invalid", &wrong.field, &wrong.why)),
        }
    }
    if !errors.is_empty() && !request.skip_invalid {
        // The good ones are told that they stopped because of the others.
        errors.extend(good.iter().map(|(index, _)| insert_error(*index, "stopped", "", "")));
        errors.sort_by_key(|error| error["index"].as_u64());
    }
    (good, errors)
}

fn insert_error(index: usize, reason: &str, location: &str, message: &str) -> Value {
    let error = json!({
        "reason": reason,
        "location": location,
        "debugInfo": "",
        "message": message.trim_end_matches('.'),
    });
    json!({ "index": index, "errors": [error] })
}
