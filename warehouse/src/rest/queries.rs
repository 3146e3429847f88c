//! `jobs.query` and `jobs.getQueryResults`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::{Answer, Params, Shared, blocking, number, object};
use crate::cells::TimestampFormat;
use crate::error::{BqError, Reason};
use crate::jobs::record::JobRecord;
use crate::jobs::request::Request;
use crate::query::{self, Page};
use crate::warehouse::{Warehouse, in_transaction};

/// How long a request waits for the end of a job when it does not say (BigQuery's page on
/// `jobs.query`).
const WAIT_DEFAULT: Duration = Duration::from_secs(10);
/// The longest wait that is granted.
const WAIT_MAX: Duration = Duration::from_secs(200);
/// Rows of a page when the request does not say.
const PAGE_DEFAULT: i64 = 50_000;

/// `jobs.query`: a query job, and its first page when it is done in time.
pub(super) async fn query(
    State(warehouse): Shared,
    Path(project): Path<String>,
    body: Bytes,
) -> Result<Answer, BqError> {
    let body = object(&body)?;
    let mut query = json!({});
    for key in [
        "query",
        "defaultDataset",
        "queryParameters",
        "useLegacySql",
        "parameterMode",
        "maximumBytesBilled",
    ] {
        if !body[key].is_null() {
            query[key] = body[key].clone();
        }
    }
    let mut configuration = json!({ "query": query });
    for key in ["labels", "jobTimeoutMs", "dryRun", "reservation"] {
        if !body[key].is_null() {
            configuration[key] = body[key].clone();
        }
    }
    // A request that comes again because its answer was lost meets the job of the first one.
    let request_id = body["requestId"].as_str().filter(|id| !id.is_empty());
    let job_id = request_id.map(|id| format!("request_{id}"));
    let location = body["location"].as_str();
    let reference = json!({ "location": location.unwrap_or_default(), "jobId": job_id });
    let request = Request::parse(
        &project,
        &json!({ "jobReference": reference, "configuration": configuration }),
    )?;
    if body["dryRun"] == Value::Bool(true) {
        let record = blocking(move || warehouse.dry_run(&request)).await?;
        let output = record.output().cloned().unwrap_or_default();
        return Ok(Answer(json!({
            "kind": "bigquery#queryResponse",
            "jobReference": { "projectId": record.key.project, "location": record.key.location },
            "jobComplete": true,
            "cacheHit": false,
            "schema": { "fields": output.fields },
            "totalBytesProcessed": output.bytes.to_string(),
        })));
    }
    let submitting = Arc::clone(&warehouse);
    let job = match (blocking(move || submitting.submit(request)).await, job_id) {
        (Err(error), Some(job_id)) if error.reason == Reason::Duplicate => {
            warehouse.jobs.get(&project, &job_id, location)?
        }
        (submitted, _) => submitted?,
    };
    let record = job.wait(wait(body["timeoutMs"].as_u64())).await;
    let paging = Paging {
        page: Page { start: 0, length: body["maxResults"].as_i64().unwrap_or(PAGE_DEFAULT) },
        format: timestamp_format(body["formatOptions"]["useInt64Timestamp"] == Value::Bool(true)),
    };
    answer(warehouse, record, paging, "bigquery#queryResponse").await
}

/// `jobs.getQueryResults`: waits for the end of the job, then pages.
pub(super) async fn results(
    State(warehouse): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let location = params.get("location").map(String::as_str);
    let job = warehouse.jobs.get(&project, &job, location)?;
    let paging = Paging::of(&params)?;
    let timeout = number(&params, "timeoutMs")?.and_then(|millis| u64::try_from(millis).ok());
    let record = job.wait(wait(timeout)).await;
    answer(warehouse, record, paging, "bigquery#getQueryResultsResponse").await
}

fn wait(millis: Option<u64>) -> Duration {
    millis.map_or(WAIT_DEFAULT, Duration::from_millis).min(WAIT_MAX)
}

/// Which rows, written how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    pub(super) page: Page,
    pub(super) format: TimestampFormat,
}

impl Paging {
    /// Reads `pageToken`, `startIndex`, `maxResults` and `formatOptions.useInt64Timestamp`.
    ///
    /// # Errors
    /// `invalid` for something that is no number.
    pub(super) fn of(params: &HashMap<String, String>) -> Result<Self, BqError> {
        // The token is the number of the first row, so both mean the same.
        let start = match number(params, "pageToken")? {
            Some(start) => start,
            None => number(params, "startIndex")?.unwrap_or(0),
        };
        let length = number(params, "maxResults")?.unwrap_or(PAGE_DEFAULT).min(PAGE_DEFAULT);
        let whole = params
            .get("formatOptions.useInt64Timestamp")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self { page: Page { start, length }, format: timestamp_format(whole) })
    }
}

fn timestamp_format(whole: bool) -> TimestampFormat {
    if whole { TimestampFormat::Micros } else { TimestampFormat::Seconds }
}

async fn answer(
    warehouse: Arc<Warehouse>,
    record: JobRecord,
    paging: Paging,
    kind: &str,
) -> Result<Answer, BqError> {
    if let Some(error) = record.error() {
        return Err(error.clone());
    }
    let mut answer = json!({
        "kind": kind,
        "etag": format!("{}-{}", record.key.job_id, paging.page.start),
        "jobReference": record.reference(),
        "jobComplete": record.is_done(),
    });
    let Some(output) = record.output().cloned() else {
        return Ok(Answer(answer));
    };
    answer["cacheHit"] = json!(false);
    answer["schema"] = json!({ "fields": output.fields });
    answer["totalBytesProcessed"] = json!(output.bytes.to_string());
    if let Some(rows) = &output.effect.rows {
        answer["numDmlAffectedRows"] = json!(rows.total().to_string());
        answer["dmlStats"] = rows.resource();
    }
    // Google's clients read the lack of a total as a statement without result.
    if !output.effect.has_rows() {
        return Ok(Answer(answer));
    }
    let (total, rows) = blocking(move || {
        let connection = warehouse.connection()?;
        // One snapshot: the rows are those of the destination now, which others may write to.
        in_transaction(&connection, |c| {
            let total = query::total(c, &output.from)?;
            let rows = query::read(c, &output.from, &output.fields, paging.page, paging.format)?;
            Ok((total, rows))
        })
    })
    .await?;
    answer["totalRows"] = json!(total.to_string());
    let next = paging.page.start.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    // A page of no rows was asked for to see the schema only.
    if next < total && !rows.is_empty() {
        answer["pageToken"] = json!(next.to_string());
    }
    // BigQuery leaves it out where there is none. Google's Python client takes an empty one for the whole result.
    if !rows.is_empty() {
        answer["rows"] = Value::Array(rows);
    }
    Ok(Answer(answer))
}
