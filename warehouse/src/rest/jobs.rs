//! `jobs.insert`, `jobs.get`, `jobs.cancel`, `jobs.delete`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Params, Shared, blocking, object};
use crate::error::{BqError, Reason};
use crate::faults::Facts;
use crate::jobs::ledger;
use crate::jobs::request::Request;
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

/// `jobs.cancel`: returns at once; the job ends soon after.
pub(super) async fn cancel(
    State(warehouse): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let location = params.get("location").map(String::as_str);
    let job = warehouse.jobs.get(&project, &job, location)?;
    let stopping = Arc::clone(&job);
    let late = warehouse.faults.late_cancel(&Facts::of_record(&job.record()));
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        let why = "Job execution was cancelled: User requested cancellation";
        stopping.cancel(BqError::new(Reason::Stopped, why)).await;
    });
    // Most jobs stop within this time, and the answer then shows it.
    let record = job.wait(Duration::from_millis(50)).await;
    Ok(Answer(json!({ "kind": "bigquery#jobCancelResponse", "job": record.resource() })))
}

/// `jobs.delete`: forgets a job that is over. Its id stays used.
pub(super) async fn delete(
    State(warehouse): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(params): Params,
) -> Result<StatusCode, BqError> {
    let location = params.get("location").map(String::as_str);
    let job = warehouse.jobs.get(&project, &job, location)?;
    let mut record = job.record();
    if !record.is_done() {
        return Err(BqError::invalid(format!("Job {} is not done; cancel it first", record.key)));
    }
    record.deleted = true;
    blocking(move || ledger::put_job(&*warehouse.connection()?, &record)).await?;
    job.delete();
    Ok(StatusCode::NO_CONTENT)
}
