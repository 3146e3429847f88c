//! `tables.insert`, `get`, `list`, `patch`, `delete`, and `tabledata.list`.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::datasets::{others, replace};
use super::queries::Paging;
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
use crate::schema::{Field, FieldType, Mode};

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
    if !body["view"].is_null() || !body["externalDataConfiguration"].is_null() {
        return Err(BqError::not_implemented("A view or an external table"));
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

fn parse(body: &Value) -> Result<Table, BqError> {
    let fields = fields_of(body)?;
    let partitioning = &body["timePartitioning"];
    let partitioning = match partitioning.is_null() {
        true => None,
        false => Some(TimePartitioning::deserialize(partitioning).map_err(|error| {
            BqError::invalid(format!("Invalid value for: timePartitioning: {error}"))
        })?),
    };
    if !body["rangePartitioning"].is_null() {
        return Err(BqError::not_implemented("Partitioning by a range of integers"));
    }
    let now = now_ms();
    let other = others(body, KEPT);
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

fn check_partitioning(table: &Table) -> Result<(), BqError> {
    let Some(name) = table.partitioning.as_ref().and_then(|p| p.field.as_ref()) else {
        return Ok(());
    };
    let field = table.field(name).ok_or_else(|| {
        BqError::invalid(format!(
            "The field specified for partitioning cannot be found in the schema: {name}"
        ))
    })?;
    let fits = [FieldType::Date, FieldType::Datetime, FieldType::Timestamp].contains(&field.kind);
    match fits && field.mode != Mode::Repeated {
        true => Ok(()),
        false => Err(BqError::invalid(format!(
            "The field specified for time partitioning can only be of type TIMESTAMP, DATE or \
             DATETIME. The type found is: {}.",
            field.kind.name()
        ))),
    }
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

/// `tables.list`, all on one page.
pub(super) async fn list(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<Answer, BqError> {
    let dataset_id = DatasetId::new(&project, &dataset)?;
    let catalog = warehouse.catalog();
    let entry = catalog.dataset(&dataset_id)?;
    let tables: Vec<Value> = entry
        .tables
        .iter()
        .map(|(name, table)| {
            let id =
                TableId { project: project.clone(), dataset: dataset.clone(), table: name.clone() };
            let mut resource = resource(&id, table, &entry.location);
            if let Some(object) = resource.as_object_mut() {
                object.remove("schema");
            }
            resource
        })
        .collect();
    let total = tables.len();
    Ok(Answer(json!({ "kind": "bigquery#tableList", "tables": tables, "totalItems": total })))
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
    let table = warehouse.catalog().table(&id)?.clone();
    let from = partitions::from(&id, &table, decorator)?;
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
