//! `datasets.insert`, `get`, `list`, `patch`, `delete`.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::pages::{fits_labels, page};
use super::{Answer, Params, Shared, blocking, object};
use crate::catalog::{self, Dataset};
use crate::error::{BqError, Reason};
use crate::ids::DatasetId;
use crate::jobs::config::required;
use crate::jobs::record::now_ms;

/// What is kept and shown, without effect.
const KEPT: &[&str] = &["description", "friendlyName", "labels", "defaultTableExpirationMs"];

/// `datasets.insert`.
pub(super) async fn insert(
    State(warehouse): Shared,
    Path(project): Path<String>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let name = required(&body["datasetReference"], "datasetId", "datasetReference.datasetId")?;
    let id = DatasetId::new(&project, name)?;
    let dataset = Dataset {
        location: body["location"].as_str().unwrap_or("US").to_uppercase(),
        created_ms: now_ms(),
        other: others(&body, KEPT),
        tables: BTreeMap::new(),
    };
    let answer = resource(&id, &dataset);
    blocking(move || {
        let connection = warehouse.connection()?;
        warehouse.change(&connection, |c, catalog| {
            if catalog.datasets.contains_key(&id) {
                return Err(BqError::already_exists(format_args!("Dataset {id}")));
            }
            catalog::put_dataset(c, &id, &dataset)?;
            catalog.datasets.insert(id, dataset);
            Ok(())
        })
    })
    .await?;
    Ok(Answer(answer))
}

/// `datasets.get`.
pub(super) async fn get(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<Answer, BqError> {
    let id = DatasetId::new(&project, &dataset)?;
    Ok(Answer(resource(&id, warehouse.catalog().dataset(&id)?)))
}

/// `datasets.list`; `filter` asks for labels.
pub(super) async fn list(
    State(warehouse): Shared,
    Path(project): Path<String>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let catalog = warehouse.catalog();
    let filter = params.get("filter").map(String::as_str);
    let mut datasets = Vec::new();
    for (id, dataset) in catalog.datasets.iter().filter(|(id, _)| id.project == project) {
        let labels = dataset.other.get("labels").unwrap_or(&Value::Null);
        if fits_labels(filter, labels)? {
            datasets.push(resource(id, dataset));
        }
    }
    let answer = json!({ "kind": "bigquery#datasetList" });
    Ok(Answer(page(&params, answer, "datasets", datasets.into_iter())?))
}

/// `routines.list`: there are none.
pub(super) async fn routines(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<Answer, BqError> {
    warehouse.catalog().dataset(&DatasetId::new(&project, &dataset)?)?;
    Ok(Answer(json!({ "routines": [] })))
}

/// `models.list`: there are none.
pub(super) async fn models(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<Answer, BqError> {
    warehouse.catalog().dataset(&DatasetId::new(&project, &dataset)?)?;
    Ok(Answer(json!({ "models": [] })))
}

/// `datasets.patch`: what is sent replaces what was, null removes it.
pub(super) async fn patch(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let id = DatasetId::new(&project, &dataset)?;
    let answer = blocking(move || {
        let connection = warehouse.connection()?;
        warehouse.change(&connection, |c, catalog| {
            let mut dataset = catalog.dataset(&id)?.clone();
            replace(&mut dataset.other, &body, KEPT);
            catalog::put_dataset(c, &id, &dataset)?;
            let answer = resource(&id, &dataset);
            catalog.datasets.insert(id, dataset);
            Ok(answer)
        })
    })
    .await?;
    Ok(Answer(answer))
}

/// `datasets.delete`; with tables only when `deleteContents=true`.
pub(super) async fn delete(
    State(warehouse): Shared,
    Path((project, dataset)): Path<(String, String)>,
    Query(params): Params,
) -> Result<StatusCode, BqError> {
    let id = DatasetId::new(&project, &dataset)?;
    let contents = params.get("deleteContents").is_some_and(|value| value == "true");
    blocking(move || {
        let connection = warehouse.connection()?;
        warehouse.change(&connection, |c, catalog| {
            if !catalog.dataset(&id)?.tables.is_empty() && !contents {
                return Err(BqError::new(
                    Reason::ResourceInUse,
                    format!("Dataset {id} is still in use"),
                ));
            }
            catalog::drop_dataset(c, &id)?;
            catalog.datasets.remove(&id);
            Ok(())
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn resource(id: &DatasetId, dataset: &Dataset) -> Value {
    let mut resource = json!({
        "kind": "bigquery#dataset",
        "id": id.to_string(),
        "datasetReference": id,
        "location": dataset.location,
        "creationTime": dataset.created_ms.to_string(),
        "lastModifiedTime": dataset.created_ms.to_string(),
    });
    for (key, value) in &dataset.other {
        resource[key] = value.clone();
    }
    resource
}

/// Takes from a body what is kept and shown: what it does not name stays.
pub(super) fn replace(kept: &mut Map<String, Value>, body: &Value, keys: &[&str]) {
    for key in keys {
        match body.get(*key) {
            None => {}
            Some(Value::Null) => {
                kept.remove(*key);
            }
            Some(value) => {
                kept.insert((*key).to_owned(), value.clone());
            }
        }
    }
}

/// The fields of a body that are kept and shown, without effect.
pub(super) fn others(body: &Value, keys: &[&str]) -> Map<String, Value> {
    let present = keys.iter().filter(|key| !body[**key].is_null());
    present.map(|key| ((*key).to_owned(), body[*key].clone())).collect()
}
