//! `tables.insert`, `get`, `list`, `patch`, `delete`, and `tabledata.list`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::datasets::{others, replace};
use super::pages::page;
use super::queries::Paging;
use super::views;
use super::{Answer, Params, Shared, blocking, object};
use crate::catalog::{self, Table, TimePartitioning};
use crate::duck::locked;
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::jobs::config::required;
use crate::jobs::record::now_ms;
use crate::partition::split_decorator;
use crate::partitions;
use crate::query;
use crate::ranges;
use crate::schema::{Field, Mode};
use crate::warehouse::Warehouse;
use crate::write::check_partitioning;

/// What is kept and shown, without effect.
const KEPT: &[&str] = &[
    "description",
    "friendlyName",
    "labels",
    "clustering",
    "requirePartitionFilter",
    "expirationTime",
];

/// `tables.insert`.
pub(super) async fn insert(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let name = required(&body["tableReference"], "tableId", "tableReference.tableId")?;
    let id = TableId::new(&project, &dataset, name)?;
    if !body["externalDataConfiguration"].is_null() || !body["materializedView"].is_null() {
        return Err(BqError::not_implemented("An external table or a materialized view"));
    }
    if !body["view"].is_null() {
        return insert_view(warehouse, id, body).await;
    }
    let table = parse(&body)?;
    let made = table.clone();
    let new = id.clone();
    let location = blocking(move || {
        let connection = warehouse.connection()?;
        let lock = warehouse.write_lock(&new);
        let _only_writer = locked(&lock);
        warehouse.change(&connection, |c, catalog| {
            let location = catalog.dataset(&new.dataset_id())?.location.clone();
            if catalog.find(&new).is_some() {
                return Err(BqError::already_exists(format_args!("Table {new}")));
            }
            catalog::create(c, &new, &made)?;
            catalog::put_table(c, &new, &made)?;
            if let Some(dataset) = catalog.datasets.get_mut(&new.dataset_id()) {
                dataset.tables.insert(new.table.clone(), made);
            }
            Ok(location)
        })
    })
    .await?;
    Ok(Answer(resource(&id, &table, &location)))
}

async fn insert_view(
    warehouse: Arc<Warehouse>,
    id: TableId,
    body: Value,
) -> Result<Answer, BqError> {
    blocking(move || {
        let catalog = warehouse.catalog();
        let location = catalog.dataset(&id.dataset_id())?.location.clone();
        let view = views::view(&warehouse, &catalog, &id, &body, others(&body, KEPT))?;
        let connection = warehouse.connection()?;
        let lock = warehouse.write_lock(&id);
        let _only_writer = locked(&lock);
        warehouse.change(&connection, |c, catalog| {
            if catalog.find(&id).is_some() {
                return Err(BqError::already_exists(format_args!("Table {id}")));
            }
            catalog::put_table(c, &id, &view)?;
            if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
                dataset.tables.insert(id.table.clone(), view.clone());
            }
            Ok(())
        })?;
        Ok(Answer(resource(&id, &view, &location)))
    })
    .await
}

fn parse(body: &Value) -> Result<Table, BqError> {
    let fields = fields_of(body)?;
    let partitioning = &body["timePartitioning"];
    let partitioning = match partitioning.is_null() {
        true => None,
        false => Some(TimePartitioning::deserialize(partitioning).map_err(|error| {
            BqError::invalid(format!("Invalid value for: timePartitioning: {error}"))
        })?),
    };
    let now = now_ms();
    let mut other = others(body, KEPT);
    let ranges = &body[ranges::KEY];
    if !ranges.is_null() {
        if partitioning.is_some() {
            let why = "Only one of timePartitioning and rangePartitioning should be specified";
            return Err(BqError::invalid(why));
        }
        other.insert(ranges::KEY.into(), ranges.clone());
    }
    let table = Table { fields, partitioning, created_ms: now, modified_ms: now, other };
    check_partitioning(&table)?;
    Ok(table)
}

fn fields_of(body: &Value) -> Result<Vec<Field>, BqError> {
    let fields = &body["schema"]["fields"];
    if fields.is_null() {
        return Ok(Vec::new());
    }
    let fields = Vec::<Field>::deserialize(fields)
        .map_err(|error| BqError::invalid(format!("Invalid value for: schema: {error}")))?;
    check_fields(&fields)?;
    Ok(fields)
}

fn check_fields(fields: &[Field]) -> Result<(), BqError> {
    for (index, field) in fields.iter().enumerate() {
        let upper = field.name.to_uppercase();
        if upper.starts_with("_PARTITION") || upper.starts_with("_TABLE_") || field.name.is_empty()
        {
            return Err(BqError::invalid(format!("Invalid field name \"{}\".", field.name)));
        }
        if fields[..index].iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
            return Err(BqError::invalid(format!("Duplicate field name \"{}\".", field.name)));
        }
    }
    Ok(())
}

/// `tables.patch`: what is sent replaces what was, null removes it. A schema may add columns and describe the others.
pub(super) async fn patch(
    State(warehouse): Shared,
    Path((project, dataset, name)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let id = TableId::new(&project, &dataset, &name)?;
    let answer = blocking(move || {
        let connection = warehouse.connection()?;
        let lock = warehouse.write_lock(&id);
        let _only_writer = locked(&lock);
        warehouse.change(&connection, |c, catalog| {
            let location = catalog.dataset(&id.dataset_id())?.location.clone();
            let mut table = catalog.table(&id)?.clone();
            replace(&mut table.other, &body, KEPT);
            if !body["schema"]["fields"].is_null() {
                let fields = fields_of(&body)?;
                for column in added(&id, &table, &fields)? {
                    let sql =
                        format!("ALTER TABLE {} ADD COLUMN {}", id.duck(), column.duck_column());
                    c.execute_batch(&sql)?;
                }
                table.fields = fields;
            }
            table.modified_ms = now_ms();
            catalog::put_table(c, &id, &table)?;
            let answer = resource(&id, &table, &location);
            if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
                dataset.tables.insert(id.table.clone(), table);
            }
            Ok(answer)
        })
    })
    .await?;
    Ok(Answer(answer))
}

/// The columns that a new schema adds; those that were there must be there still, in their order.
fn added(id: &TableId, table: &Table, fields: &[Field]) -> Result<Vec<Field>, BqError> {
    let refused = |what: String| {
        BqError::invalid(format!("Provided Schema does not match Table {id}. {what}"))
    };
    for (index, old) in table.fields.iter().enumerate() {
        match fields.get(index) {
            Some(new) if new.name == old.name && new.kind == old.kind && old.accepts(new) => {}
            Some(_) | None => {
                return Err(refused(format!("Field {} is missing in new schema", old.name)));
            }
        }
    }
    let added = fields.get(table.fields.len()..).unwrap_or_default();
    match added.iter().find(|field| field.mode == Mode::Required) {
        Some(field) => Err(refused(format!(
            "Cannot add required fields to an existing schema. (field: {})",
            field.name
        ))),
        None => Ok(added.to_vec()),
    }
}

/// `tables.get`; `table$20261101` counts the rows of one partition.
pub(super) async fn get(
    State(warehouse): Shared,
    Path((project, dataset, name)): Path<(String, String, String)>,
) -> Result<Answer, BqError> {
    let (name, decorator) = split_decorator(&name);
    let id = TableId::new(&project, &dataset, name)?;
    let catalog = warehouse.catalog();
    let table = catalog.table(&id)?.clone();
    let location = catalog.dataset(&id.dataset_id())?.location.clone();
    if table.view().is_some() {
        return Ok(Answer(resource(&id, &table, &location)));
    }
    let from = partitions::from(&id, &table, decorator)?;
    let rows = blocking(move || {
        let connection = warehouse.connection()?;
        partitions::count(&connection, &from)
    })
    .await?;
    let mut resource = resource(&id, &table, &location);
    resource["numRows"] = json!(rows.to_string());
    Ok(Answer(resource))
}

/// `tables.list`.
pub(super) async fn list(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let dataset_id = DatasetId::new(&project, &dataset)?;
    let catalog = warehouse.catalog();
    let entry = catalog.dataset(&dataset_id)?;
    let tables = entry.tables.iter().map(|(name, table)| {
        let id =
            TableId { project: project.clone(), dataset: dataset.clone(), table: name.clone() };
        let mut resource = resource(&id, table, &entry.location);
        if let Some(object) = resource.as_object_mut() {
            object.remove("schema");
        }
        resource
    });
    let answer = json!({ "kind": "bigquery#tableList", "totalItems": tables.len() });
    Ok(Answer(page(&params, answer, "tables", tables)?))
}

/// `tables.delete`; `table$20261101` deletes one partition.
pub(super) async fn delete(
    State(warehouse): Shared,
    Path((project, dataset, name)): Path<(String, String, String)>,
) -> Result<StatusCode, BqError> {
    let (table, decorator) = split_decorator(&name);
    let id = TableId::new(&project, &dataset, table)?;
    let decorator = decorator.map(str::to_owned);
    blocking(move || {
        let connection = warehouse.connection()?;
        let lock = warehouse.write_lock(&id);
        let _only_writer = locked(&lock);
        if decorator.is_some() {
            let catalog = warehouse.catalog();
            let from = partitions::from(&id, catalog.table(&id)?, decorator.as_deref())?;
            return Ok(connection.execute_batch(&format!("DELETE FROM {from}"))?);
        }
        warehouse.change(&connection, |c, catalog| {
            catalog.table(&id)?;
            catalog::drop_table(c, &id)?;
            if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
                dataset.tables.remove(&id.table);
            }
            Ok(())
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `tabledata.list`.
pub(super) async fn rows(
    State(warehouse): Shared,
    Path((project, dataset, name)): Path<(String, String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let (name, decorator) = split_decorator(&name);
    let id = TableId::new(&project, &dataset, name)?;
    let paging = Paging::of(&params)?;
    let mut table = warehouse.catalog().table(&id)?.clone();
    if table.view().is_some() {
        return Err(BqError::invalid("Cannot list a table of type VIEW."));
    }
    let from = partitions::from(&id, &table, decorator)?;
    if let Some(selected) = params.get("selectedFields").filter(|names| !names.is_empty()) {
        select(&id, &mut table, selected)?;
    }
    let (total, rows) = blocking(move || {
        let connection = warehouse.connection()?;
        let total = partitions::count(&connection, &from)?;
        let rows = query::read(&connection, &from, &table.fields, paging.page, paging.format)?;
        Ok((total, rows))
    })
    .await?;
    let next = paging.page.start.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    let mut answer = json!({
        "kind": "bigquery#tableDataList",
        "totalRows": total.to_string(),
        "rows": rows,
    });
    if next < total && next > paging.page.start {
        answer["pageToken"] = json!(next.to_string());
    }
    Ok(Answer(answer))
}

/// Keeps the columns of a `selectedFields`, in the order of the table.
fn select(id: &TableId, table: &mut Table, selected: &str) -> Result<(), BqError> {
    let names: Vec<&str> = selected.split(',').map(str::trim).collect();
    if let Some(name) = names.iter().find(|name| table.field(name).is_none()) {
        return Err(BqError::invalid(format!("No such field: {name} in table {id}")));
    }
    let wanted = |field: &Field| names.iter().any(|name| field.name.eq_ignore_ascii_case(name));
    table.fields.retain(wanted);
    Ok(())
}

fn resource(id: &TableId, table: &Table, location: &str) -> Value {
    let mut resource = json!({
        "kind": "bigquery#table",
        "id": id.to_string(),
        "tableReference": id,
        "schema": { "fields": table.fields },
        "type": if table.view().is_some() { "VIEW" } else { "TABLE" },
        "location": location,
        "creationTime": table.created_ms.to_string(),
        "lastModifiedTime": table.modified_ms.to_string(),
    });
    if let Some(partitioning) = &table.partitioning {
        resource["timePartitioning"] = json!(partitioning);
    }
    for (key, value) in &table.other {
        resource[key] = value.clone();
    }
    resource
}
