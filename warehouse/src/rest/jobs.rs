//! `jobs.insert`, `jobs.get`, `jobs.list`, `jobs.cancel`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::{Answer, Params, Shared, blocking, number, object};
use crate::error::{BqError, Reason};
use crate::jobs::record::JobRecord;
use crate::jobs::run::Request;
use crate::warehouse::Warehouse;

/// `jobs.insert`: the job is written down when the answer comes, and runs behind it.
pub(super) async fn insert(
    State(warehouse): Shared,
    Path(project): Path<String>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let request = Request::parse(&project, &object(&body)?)?;
    submit(warehouse, request).await
}

pub(super) async fn submit(warehouse: Arc<Warehouse>, request: Request) -> Result<Answer, BqError> {
    if request.configuration["dryRun"] == Value::Bool(true) {
        let record = blocking(move || warehouse.dry_run(&request)).await?;
        let mut resource = record.resource();
        // No job was made, so nothing can be asked about it later.
        resource["jobReference"] =
            json!({ "projectId": record.key.project, "location": record.key.location });
        return Ok(Answer(resource));
    }
    // `submit` starts futures, so it needs a runtime thread; its own writes are short.
    let job = tokio::task::spawn_blocking(move || warehouse.submit(request)).await.map_err(
        |error| BqError::new(Reason::BackendError, format!("the request broke off: {error}")),
    )??;
    Ok(Answer(job.record().resource()))
}

/// `jobs.get`.
pub(super) async fn get(
    State(warehouse): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let location = params.get("location").map(String::as_str);
    Ok(Answer(warehouse.jobs.get(&project, &job, location)?.record().resource()))
}

/// `jobs.list`, newest first; `stateFilter`, `maxResults` and `pageToken` work.
pub(super) async fn list(
    State(warehouse): Shared,
    Path(project): Path<String>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let wanted = params.get("stateFilter").map(|state| state.to_uppercase());
    let start = usize::try_from(number(&params, "pageToken")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let length = usize::try_from(number(&params, "maxResults")?.unwrap_or(50)).unwrap_or(50);
    let records: Vec<JobRecord> = warehouse.jobs.list(&project);
    let records: Vec<&JobRecord> = records
        .iter()
        .filter(|record| wanted.as_deref().is_none_or(|state| state == record.state_name()))
        .collect();
    let jobs: Vec<Value> =
        records.iter().skip(start).take(length).map(|record| entry(record)).collect();
    let mut answer = json!({ "kind": "bigquery#jobList", "jobs": jobs });
    if start.saturating_add(length) < records.len() {
        answer["nextPageToken"] = json!((start + length).to_string());
    }
    Ok(Answer(answer))
}

fn entry(record: &JobRecord) -> Value {
    let mut resource = record.resource();
    resource["state"] = json!(record.state_name());
    if let Some(error) = record.error() {
        resource["errorResult"] = error.proto();
    }
    resource
}

/// `jobs.cancel`: returns at once; the job ends soon after.
pub(super) async fn cancel(
    State(warehouse): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let location = params.get("location").map(String::as_str);
    let job = warehouse.jobs.get(&project, &job, location)?;
    let stopping = Arc::clone(&job);
    tokio::spawn(async move {
        let why = "Job execution was cancelled: User requested cancellation";
        stopping.cancel(BqError::new(Reason::Stopped, why)).await;
    });
    // Most jobs stop within this time, and the answer then shows it.
    let record = job.wait(Duration::from_millis(50)).await;
    Ok(Answer(json!({ "kind": "bigquery#jobCancelResponse", "job": record.resource() })))
}
