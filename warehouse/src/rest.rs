//! The REST interface: BigQuery's v2 paths, some of Cloud Storage, and what only tests ask for under `/himekuri/v1`.

mod datasets;
mod faulty;
mod himekuri;
mod job_list;
mod jobs;
mod pages;
mod projects;
mod queries;
mod storage;
mod stream;
mod tables;
mod upload;
mod views;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::Value;

use crate::error::{BqError, Reason};
use crate::warehouse::Warehouse;

pub(crate) use faulty::Hangup;

type Shared = axum::extract::State<Arc<Warehouse>>;
type Params = axum::extract::Query<HashMap<String, String>>;

/// The largest request, an upload included: 100 MB, as in BigQuery's page on media uploads.
const BODY_MAX_BYTES: usize = 100 * 1024 * 1024;

/// All paths.
pub(crate) fn router(warehouse: Arc<Warehouse>) -> Router {
    let project = "/bigquery/v2/projects/{project}";
    let dataset = format!("{project}/datasets/{{dataset}}");
    let table = format!("{dataset}/tables/{{table}}");
    let job = format!("{project}/jobs/{{job}}");
    let layer = axum::middleware::from_fn_with_state(Arc::clone(&warehouse), faulty::faulty);
    Router::new()
        .route("/bigquery/v2/projects", get(projects::list))
        .route(&format!("{project}/serviceAccount"), get(projects::service_account))
        .route(&format!("{project}/jobs"), post(jobs::insert).get(job_list::list))
        .route(&job, get(jobs::get))
        .route(&format!("{job}/cancel"), post(jobs::cancel))
        .route(&format!("{job}/delete"), delete(jobs::delete))
        .route(&format!("{project}/queries"), post(queries::query))
        .route(&format!("{project}/queries/{{job}}"), get(queries::results))
        .route(&format!("{project}/datasets"), post(datasets::insert).get(datasets::list))
        .route(&dataset, get(datasets::get).patch(datasets::patch).delete(datasets::delete))
        .route(&format!("{dataset}/tables"), post(tables::insert).get(tables::list))
        .route(&table, get(tables::get).patch(tables::patch).delete(tables::delete))
        .route(&format!("{table}/data"), get(tables::rows))
        .route(&format!("{table}/insertAll"), post(stream::insert_all))
        .route(&format!("{dataset}/routines"), get(datasets::routines))
        .route(&format!("{dataset}/models"), get(datasets::models))
        .route(
            "/upload/bigquery/v2/projects/{project}/jobs",
            post(upload::insert).put(upload::append),
        )
        .route("/himekuri/v1/partitions", get(himekuri::partitions))
        .route("/himekuri/v1/executions", get(himekuri::executions))
        .route("/himekuri/v1/calls", get(himekuri::calls).delete(himekuri::forget_calls))
        .route(
            "/himekuri/v1/faults",
            get(himekuri::faults).put(himekuri::put_faults).delete(himekuri::delete_faults),
        )
        .merge(storage_router())
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(layer)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(warehouse)
}

fn storage_router() -> Router<Arc<Warehouse>> {
    let bucket = "/storage/v1/b/{bucket}";
    // A name's slashes come as they are or as `%2F`.
    let object = format!("{bucket}/o/{{*object}}");
    Router::new()
        .route(bucket, get(storage::bucket))
        .route(&format!("{bucket}/o"), get(storage::list))
        .route(&object, get(storage::get).delete(storage::delete))
        .route(&format!("/download{object}"), get(storage::get))
        .route(&format!("/upload{bucket}/o"), post(storage::insert))
}

/// A JSON answer.
struct Answer(Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl IntoResponse for BqError {
    fn into_response(self) -> Response {
        // 499 is for job results; over HTTP Google answers a stopped job with 400.
        let code = if self.reason == Reason::Stopped { 400 } else { self.reason.code() };
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, [(header::CONTENT_TYPE, "application/json")], self.body().to_string())
            .into_response()
    }
}

async fn unknown_path(uri: Uri) -> BqError {
    BqError::not_found(format_args!("URL {}", uri.path()))
}

async fn wrong_method(uri: Uri) -> BqError {
    let message = format!("The method is not allowed for {}", uri.path());
    BqError::new(Reason::HttpMethodNotAllowed, message)
}

/// The body as a JSON object; an empty one counts as `{}`.
fn object(body: &Bytes) -> Result<Value, BqError> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(Value::Object(object)),
        Ok(_) => {
            Err(BqError::new(Reason::ParseError, "Parse Error: the body is not a JSON object"))
        }
        Err(error) => Err(BqError::new(Reason::ParseError, format!("Parse Error: {error}"))),
    }
}

/// A number in the query string.
fn number(params: &HashMap<String, String>, key: &str) -> Result<Option<i64>, BqError> {
    let Some(text) = params.get(key) else {
        return Ok(None);
    };
    text.parse()
        .ok()
        .filter(|number| *number >= 0)
        .map(Some)
        .ok_or_else(|| BqError::invalid(format!("Invalid value for: {key}: '{text}'")))
}

/// Work on the database, off the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BqError> + Send + 'static,
) -> Result<T, BqError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            Err(BqError::new(Reason::BackendError, format!("the request broke off: {error}")))
        }
    }
}
