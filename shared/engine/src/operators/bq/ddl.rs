//! `bq_ddl>`: datasets and tables are deleted, emptied and made, in digdag's order (`BqDdlOperatorFactory`).

use himekuri_protocol::{DatasetReference, DdlOperation, DdlWork, TableReference, TaskError};
use serde_json::{Map, Value, json};

use super::super::Parameters;
use super::super::parameters::first_json;
use super::names::{default_dataset, table};
use super::schema::schema;
use super::settings::{camel, clustering, milliseconds, text, time_partitioning};
use crate::context::Context;

/// Keys of a table that are not copied as they are.
const TABLE_KEYS: [&str; 9] = [
    "id",
    "project",
    "dataset",
    "friendly_name",
    "expiration_time",
    "schema",
    "time_partitioning",
    "clustering",
    "view",
];

/// The operations, in order.
pub(crate) fn ddl(
    parameters: &Parameters<'_>,
    context: &mut Context<'_>,
) -> Result<DdlWork, TaskError> {
    let mut operations = Vec::new();
    for item in items(parameters, "delete_datasets")? {
        let (dataset, _) = dataset(parameters, "delete_datasets", &item)?;
        operations.push(DdlOperation::DeleteDataset { dataset });
    }
    for item in items(parameters, "empty_datasets")? {
        let (dataset, resource) = dataset(parameters, "empty_datasets", &item)?;
        operations.push(DdlOperation::EmptyDataset { dataset, resource });
    }
    for item in items(parameters, "create_datasets")? {
        let (dataset, resource) = dataset(parameters, "create_datasets", &item)?;
        operations.push(DdlOperation::CreateDataset { dataset, resource });
    }
    let default = default_dataset(parameters)?;
    for item in items(parameters, "delete_tables")? {
        let table = named_table(parameters, "delete_tables", &item, default.as_ref())?;
        operations.push(DdlOperation::DeleteTable { table });
    }
    for item in items(parameters, "empty_tables")? {
        let table = whole_table(parameters, "empty_tables", &item, default.as_ref())?;
        let resource = table_resource(parameters, "empty_tables", &item, context)?;
        operations.push(DdlOperation::EmptyTable { table, resource });
    }
    for item in items(parameters, "create_tables")? {
        let table = whole_table(parameters, "create_tables", &item, default.as_ref())?;
        let resource = table_resource(parameters, "create_tables", &item, context)?;
        operations.push(DdlOperation::CreateTable { table, resource });
    }
    Ok(DdlWork { project: parameters.attempt.started.gcp_project.clone(), operations })
}

/// A list, or one as JSON text.
fn items(parameters: &Parameters<'_>, key: &str) -> Result<Vec<Value>, TaskError> {
    let value = match parameters.get(key) {
        None => return Ok(Vec::new()),
        Some(Value::String(written)) if written.trim_start().starts_with('[') => {
            first_json(written)
        }
        other => other.cloned(),
    };
    match value {
        Some(Value::Array(items)) => Ok(items),
        Some(_) | None => Err(parameters.error(key, format!("`{key}` must be a list"))),
    }
}

fn dataset(
    parameters: &Parameters<'_>,
    key: &str,
    item: &Value,
) -> Result<(DatasetReference, Map<String, Value>), TaskError> {
    let problem = |message: String| parameters.error(key, message);
    let fields = match item {
        Value::String(_) => Map::new(),
        Value::Object(fields) => fields.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(problem(format!("a dataset of `{key}` is a name or a mapping with `id`")));
        }
    };
    let name = item.as_str().map(ToOwned::to_owned).or_else(|| fields.get("id").and_then(text));
    let name = name.ok_or_else(|| problem(format!("a dataset of `{key}` has no `id`")))?;
    let mut dataset = DatasetReference::parse(&name).map_err(|error| problem(error.to_string()))?;
    if let Some(project) = fields.get("project").and_then(text) {
        dataset.project.get_or_insert(project);
    }
    let project = parameters.attempt.started.gcp_project.clone();
    dataset.project = dataset.project.or(project);
    let mut resource = Map::new();
    for (name, value) in &fields {
        match name.as_str() {
            "id" | "project" => {}
            "default_table_expiration" => {
                let expiration = milliseconds(value).ok_or_else(|| {
                    problem(
                        "`default_table_expiration` must be a duration such as `90d`".to_owned(),
                    )
                })?;
                resource.insert("defaultTableExpirationMs".to_owned(), Value::from(expiration));
            }
            _ => insert_camel(&mut resource, name, value),
        }
    }
    if let Some(location) = parameters.text("location")? {
        resource.entry("location").or_insert(Value::from(location));
    }
    Ok((dataset, resource))
}

fn named_table(
    parameters: &Parameters<'_>,
    key: &str,
    item: &Value,
    default: Option<&DatasetReference>,
) -> Result<TableReference, TaskError> {
    let problem = |message: String| parameters.error(key, message);
    let field = |name: &str| item.get(name).and_then(text);
    let name = item.as_str().map(ToOwned::to_owned).or_else(|| field("id"));
    let name = name
        .ok_or_else(|| problem(format!("a table of `{key}` is a name or a mapping with `id`")))?;
    let own = match field("dataset") {
        Some(dataset) => {
            Some(DatasetReference::parse(&dataset).map_err(|error| problem(error.to_string()))?)
        }
        None => default.cloned(),
    };
    let own = own.map(|dataset| DatasetReference {
        project: field("project").or(dataset.project),
        dataset: dataset.dataset,
    });
    table(parameters, key, &name, own.as_ref())
}

/// Whole tables are made and emptied; a partition is a matter of rows.
fn whole_table(
    parameters: &Parameters<'_>,
    key: &str,
    item: &Value,
    default: Option<&DatasetReference>,
) -> Result<TableReference, TaskError> {
    let table = named_table(parameters, key, item, default)?;
    match &table.partition {
        None => Ok(table),
        Some(_) => Err(parameters.error(
            key,
            format!("`{key}` takes whole tables, and `{table}` is a partition; `delete_tables` can delete it"),
        )),
    }
}

fn table_resource(
    parameters: &Parameters<'_>,
    key: &str,
    item: &Value,
    context: &mut Context<'_>,
) -> Result<Map<String, Value>, TaskError> {
    let Value::Object(fields) = item else { return Ok(Map::new()) };
    let problem = |message: &str| parameters.error(key, message);
    let mut resource = Map::new();
    for (name, value) in fields.iter().filter(|(name, _)| !TABLE_KEYS.contains(&name.as_str())) {
        insert_camel(&mut resource, name, value);
    }
    if let Some(value) = fields.get("friendly_name") {
        resource.insert("friendlyName".to_owned(), value.clone());
    }
    if let Some(value) = fields.get("expiration_time") {
        let at = text(value).and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let at = at.ok_or_else(|| {
            problem("`expiration_time` must be a time such as `2019-09-01T00:00:00Z`")
        })?;
        let at = at.as_millisecond().to_string();
        resource.insert("expirationTime".to_owned(), Value::from(at));
    }
    if let Some(value) = fields.get("schema") {
        resource.insert("schema".to_owned(), schema(parameters, key, value, context)?);
    }
    if let Some(value) = fields.get("time_partitioning") {
        let partitioning = time_partitioning(value).ok_or_else(|| {
            problem("`time_partitioning` must be a mapping such as `{type: DAY}`")
        })?;
        resource.insert("timePartitioning".to_owned(), partitioning);
    }
    if let Some(value) = fields.get("clustering") {
        let clustering =
            clustering(value).ok_or_else(|| problem("`clustering` must be a list of columns"))?;
        resource.insert("clustering".to_owned(), clustering);
    }
    if let Some(value) = fields.get("view") {
        let view = match value {
            Value::String(query) => json!({"query": query, "useLegacySql": false}),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => camel(value),
        };
        resource.insert("view".to_owned(), view);
    }
    Ok(resource)
}

fn insert_camel(resource: &mut Map<String, Value>, name: &str, value: &Value) {
    let one = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    if let Value::Object(fields) = camel(&one) {
        resource.extend(fields);
    }
}
