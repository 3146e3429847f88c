//! `/api/logs`: a file for each task, made from the attempt's log when it is asked for.

use std::collections::BTreeMap;
use std::io::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::attempts::seen;
use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::answers::{Errors, RestLogFileHandle, RestLogFileHandleCollection};
use crate::coordinator::Coordinator;
use crate::log::LogLine;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TaskQuery {
    /// Only that of the task with this full name.
    task: Option<String>,
}

/// The log of an attempt, a file for each task.
#[utoipa::path(
    get,
    path = "/api/logs/{id}/files",
    operation_id = "digdagListLogFiles",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt"), TaskQuery),
    responses((status = 200, description = "The files", body = RestLogFileHandleCollection), Errors)
)]
pub(super) async fn files(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
    Query(query): Query<TaskQuery>,
) -> Result<Json<RestLogFileHandleCollection>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    let files = by_task(coordinator.log_lines(attempt.attempt, 0).await?);
    let wanted =
        files.iter().filter(|(task, _)| query.task.as_ref().is_none_or(|wanted| wanted == *task));
    let files = wanted.map(|(task, lines)| RestLogFileHandle {
        file_name: file_name(task),
        file_size: text_of(lines).len(),
        task_name: task.clone(),
        file_time: lines.first().map(|line| line.at),
        agent_id: "himekuri",
        direct: None,
    });
    Ok(Json(RestLogFileHandleCollection { files: files.collect() }))
}

/// One of these files: text in gzip.
#[utoipa::path(
    get,
    path = "/api/logs/{id}/files/{name}",
    operation_id = "digdagGetLogFile",
    tag = "digdag",
    params(("id" = u64, Path, description = "The attempt"), ("name" = String, Path, description = "The file")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/gzip"), Errors)
)]
pub(super) async fn file(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path((id, name)): Path<(u64, String)>,
) -> Result<impl IntoResponse, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    let files = by_task(coordinator.log_lines(attempt.attempt, 0).await?);
    let found = files.iter().find(|(task, _)| file_name(task) == name);
    let (_, lines) = found.ok_or_else(|| Problem::unknown("log file", &name))?;
    let packed = packed(&text_of(lines)).map_err(|error| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the log could not be packed: {error}"),
        )
    })?;
    Ok(([(header::CONTENT_TYPE, "application/gzip")], packed))
}

fn by_task(lines: Vec<LogLine>) -> BTreeMap<String, Vec<LogLine>> {
    let mut files: BTreeMap<String, Vec<LogLine>> = BTreeMap::new();
    for line in lines {
        files.entry(line.task.clone()).or_default().push(line);
    }
    files
}

/// Names of tasks have characters that paths do not: digdag's files are called `<task>@<time>.<agent>.log.gz`.
fn file_name(task: &str) -> String {
    format!("{}@himekuri.log.gz", task.replace('/', "_"))
}

fn text_of(lines: &[LogLine]) -> String {
    lines.iter().map(|line| format!("{} {}: {}\n", line.at, line.task, line.text)).collect()
}

fn packed(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}
