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
use serde_json::{Value, json};

use super::super::attempts::seen;
use super::super::caller::Caller;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use crate::coordinator::Coordinator;
use crate::log::LogLine;

#[derive(Debug, Deserialize)]
pub(super) struct TaskQuery {
    task: Option<String>,
}

pub(super) async fn files(
    State(coordinator): State<Coordinator>,
    caller: Caller,
    Path(id): Path<u64>,
    Query(query): Query<TaskQuery>,
) -> Result<Json<Value>, Problem> {
    let attempt = seen(&coordinator, &caller, id).await?;
    let files = by_task(coordinator.log_lines(attempt.attempt, 0).await?);
    let wanted =
        files.iter().filter(|(task, _)| query.task.as_ref().is_none_or(|wanted| wanted == *task));
    let files: Vec<Value> = wanted
        .map(|(task, lines)| {
            json!({
                "fileName": file_name(task),
                "fileSize": text_of(lines).len(),
                "taskName": task,
                "fileTime": lines.first().map(|line| line.at),
                "agentId": "himekuri",
                "direct": null,
            })
        })
        .collect();
    Ok(Json(json!({ "files": files })))
}

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
