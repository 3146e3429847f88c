//! Cloud Storage's JSON interface over the folders that stand for buckets, as far as waiting for a file, listing,
//! reading and writing one need it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{Answer, Params, Shared, blocking, number, object, upload};
use crate::buckets::{Object, put_file};
use crate::error::{BqError, Reason};
use crate::warehouse::Warehouse;

/// Entries of a page when the request does not say.
const PAGE_DEFAULT: usize = 1000;

/// `buckets.get`.
pub(super) async fn bucket(
    State(warehouse): Shared,
    Path(bucket): Path<String>,
) -> Result<Answer, BqError> {
    warehouse.buckets.folder(&bucket)?;
    Ok(Answer(json!({
        "kind": "storage#bucket",
        "id": bucket,
        "name": bucket,
        "location": "US",
        "storageClass": "STANDARD",
    })))
}

/// `objects.list` with `prefix`, `delimiter` and pages.
pub(super) async fn list(
    State(warehouse): Shared,
    Path(bucket): Path<String>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let prefix = params.get("prefix").cloned().unwrap_or_default();
    let length = number(&params, "maxResults")?.and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length > 0).unwrap_or(PAGE_DEFAULT);
    let objects = {
        let (bucket, prefix) = (bucket.clone(), prefix.clone());
        blocking(move || warehouse.buckets.list(&bucket, &prefix)).await?
    };
    let delimiter = params.get("delimiter").filter(|delimiter| !delimiter.is_empty());
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    for object in objects {
        let rest = &object.name[prefix.len()..];
        match delimiter.and_then(|delimiter| Some(rest.find(delimiter.as_str())? + delimiter.len()))
        {
            Some(end) => {
                folders.insert(object.name[..prefix.len() + end].to_owned());
            }
            None => files.push(object),
        }
    }
    // The token is the last name of the page before.
    let after = params.get("pageToken").filter(|token| !token.is_empty());
    files.retain(|object| after.is_none_or(|after| object.name > *after));
    let mut answer = json!({ "kind": "storage#objects" });
    if !folders.is_empty() && after.is_none() {
        answer["prefixes"] = json!(folders);
    }
    if files.len() > length {
        files.truncate(length);
        answer["nextPageToken"] = json!(files.last().map(|object| &object.name));
    }
    let items: Result<Vec<Value>, BqError> =
        files.iter().map(|object| resource(&bucket, object)).collect();
    let items = items?;
    if !items.is_empty() {
        answer["items"] = json!(items);
    }
    Ok(Answer(answer))
}

/// `objects.get`: what is known of a file, or with `alt=media` the file.
pub(super) async fn get(
    State(warehouse): Shared,
    Path((bucket, name)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Response, BqError> {
    let object = find(&warehouse, &bucket, &name)?;
    if params.get("alt").is_none_or(|alt| alt != "media") {
        return Ok(Answer(resource(&bucket, &object)?).into_response());
    }
    let content = blocking(move || fs::read(&object.file).map_err(|error| failed(&error))).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content).into_response())
}

/// `objects.insert`, with the name in the URL (`uploadType=media`) or in the first part (`multipart`).
pub(super) async fn insert(
    State(warehouse): Shared,
    Path(bucket): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, BqError> {
    let (what, content) = match params.get("uploadType").map(String::as_str) {
        Some("media") => (Value::Null, body.to_vec()),
        Some("multipart") => {
            let (what, content) = upload::two_parts(&headers, &body)?;
            (object(&Bytes::from(what))?, content)
        }
        other => {
            let name = other.unwrap_or_default();
            return Err(BqError::not_implemented(format_args!("uploadType '{name}'")));
        }
    };
    let name = params.get("name").map(String::as_str).or_else(|| what["name"].as_str());
    let name = name.ok_or_else(|| BqError::new(Reason::Required, "Required parameter: name"))?;
    let file = warehouse.buckets.file(&bucket, name)?;
    let written = Object { name: name.to_owned(), file };
    blocking(move || {
        put_file(&written.file, &content).map_err(|error| failed(&error))?;
        resource(&bucket, &written)
    })
    .await
    .map(Answer)
}

/// `objects.delete`.
pub(super) async fn delete(
    State(warehouse): Shared,
    Path((bucket, name)): Path<(String, String)>,
) -> Result<StatusCode, BqError> {
    let object = find(&warehouse, &bucket, &name)?;
    blocking(move || fs::remove_file(&object.file).map_err(|error| failed(&error))).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find(warehouse: &Arc<Warehouse>, bucket: &str, name: &str) -> Result<Object, BqError> {
    let file = warehouse.buckets.file(bucket, name)?;
    match file.is_file() {
        true => Ok(Object { name: name.to_owned(), file }),
        false => {
            let message = format!("No such object: {bucket}/{name}");
            Err(BqError::new(Reason::NotFound, message))
        }
    }
}

fn resource(bucket: &str, object: &Object) -> Result<Value, BqError> {
    let meta = fs::metadata(&object.file).map_err(|error| failed(&error))?;
    let updated: DateTime<Utc> = meta.modified().map_err(|error| failed(&error))?.into();
    // A file that is written anew has another time, so another generation.
    let generation = updated.timestamp_micros().to_string();
    let time = updated.to_rfc3339_opts(SecondsFormat::Millis, true);
    let name = &object.name;
    Ok(json!({
        "kind": "storage#object",
        "id": format!("{bucket}/{name}/{generation}"),
        "name": name,
        "bucket": bucket,
        "size": meta.len().to_string(),
        "generation": generation,
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "timeCreated": time,
        "updated": time,
        "etag": STANDARD.encode(generation.as_bytes()),
    }))
}

fn failed(error: &io::Error) -> BqError {
    BqError::new(Reason::BackendError, format!("the bucket's folder failed: {error}"))
}
