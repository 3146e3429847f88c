//! The REST interface: BigQuery's v2 paths, and what only tests ask for under `/himekuri/v1`.

mod datasets;
mod himekuri;
mod jobs;
mod projects;
mod queries;
mod tables;
mod upload;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;

use crate::error::{BqError, Reason};
use crate::warehouse::Warehouse;

type Shared = axum::extract::State<Arc<Warehouse>>;
type Params = axum::extract::Query<HashMap<String, String>>;

/// The largest request, an upload included: 100 MB, as in BigQuery's page on media uploads.
const BODY_MAX_BYTES: usize = 100 * 1024 * 1024;

/// All paths.
pub fn router(warehouse: Arc<Warehouse>) -> Router {
    let project = "/bigquery/v2/projects/{project}";
    let dataset = format!("{project}/datasets/{{dataset}}");
    let table = format!("{dataset}/tables/{{table}}");
    let job = format!("{project}/jobs/{{job}}");
    Router::new()
        .route("/bigquery/v2/projects", get(projects::list))
        .route(&format!("{project}/serviceAccount"), get(projects::service_account))
        .route(&format!("{project}/jobs"), post(jobs::insert).get(jobs::list))
        .route(&job, get(jobs::get))
        .route(&format!("{job}/cancel"), post(jobs::cancel))
        .route(&format!("{project}/queries"), post(queries::query))
        .route(&format!("{project}/queries/{{job}}"), get(queries::results))
        .route(&format!("{project}/datasets"), post(datasets::insert).get(datasets::list))
        .route(&dataset, get(datasets::get).patch(datasets::patch).delete(datasets::delete))
        .route(&format!("{dataset}/tables"), post(tables::insert).get(tables::list))
        .route(&table, get(tables::get).patch(tables::patch).delete(tables::delete))
        .route(&format!("{table}/data"), get(tables::rows))
        .route(
            "/upload/bigquery/v2/projects/{project}/jobs",
            post(upload::insert).put(upload::append),
        )
        .route("/himekuri/v1/partitions", get(himekuri::partitions))
        .route("/himekuri/v1/executions", get(himekuri::executions))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(warehouse)
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
