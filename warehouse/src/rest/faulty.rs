//! Every call passes here: it is counted, and meets the faults of the setup.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{BODY_MAX_BYTES, Shared, upload};
use crate::error::BqError;
use crate::faults::{Answer, Body as AnswerBody, Effect, Facts, Moment};
use crate::jobs::record::now_ms;
use crate::warehouse::Warehouse;

/// Put into a response, it says that the connection has to be closed in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hangup;

/// A call: BigQuery's name of the method, and the parts of its path that name things.
struct Call<'a> {
    method: &'static str,
    project: &'a str,
    /// Job, or dataset and table.
    names: Vec<&'a str>,
}

/// Counts a call and lets it meet its fault.
pub(super) async fn faulty(State(warehouse): Shared, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(call) = Call::of(request.method(), &path) else {
        return next.run(request).await;
    };
    warehouse.calls.note(call.method, now_ms());
    if !warehouse.faults.is_active() {
        return next.run(request).await;
    }
    let (request, facts) = match facts(&warehouse, &call, request).await {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    let fault = warehouse.faults.of_call(call.method, &facts);
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    if fault.effect.is_some() || !fault.delay.is_zero() {
        warehouse.calls.note_fault(call.method);
    }
    match fault.effect {
        Some(Effect::Answer(answer, Moment::Before)) => false_answer(&answer),
        Some(Effect::Close(Moment::Before)) => hangup(),
        Some(Effect::Answer(answer, Moment::After)) => {
            next.run(request).await;
            false_answer(&answer)
        }
        Some(Effect::Close(Moment::After)) => {
            next.run(request).await;
            hangup()
        }
        None => {
            let response = next.run(request).await;
            if call.method == "jobs.insert" && response.status() == StatusCode::CONFLICT {
                warehouse.faults.conflict(&facts);
            }
            response
        }
    }
}

fn hangup() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(Hangup);
    response
}

fn false_answer(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match answer.body {
        AnswerBody::Json => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (status, kind, answer.json().to_string()).into_response()
        }
        AnswerBody::Html => {
            let kind = [(header::CONTENT_TYPE, "text/html")];
            let page = "<html><body><h1>The server could not answer</h1></body></html>";
            (status, kind, page).into_response()
        }
        AnswerBody::Empty => status.into_response(),
    }
}

impl<'a> Call<'a> {
    fn of(method: &Method, path: &'a str) -> Option<Self> {
        let uploads = path.starts_with("/upload/bigquery/");
        let rest = path
            .strip_prefix("/upload")
            .filter(|_| uploads)
            .unwrap_or(path)
            .strip_prefix("/bigquery/v2/projects/")?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (project, parts) = parts.split_first()?;
        let (name, names) = name(method.as_str(), parts)?;
        Some(Self { method: name, project, names })
    }
}

fn name<'a>(verb: &str, parts: &[&'a str]) -> Option<(&'static str, Vec<&'a str>)> {
    let found = match (verb, parts) {
        ("POST", ["jobs"]) => ("jobs.insert", vec![]),
        // A part of an upload; its job was sent with `jobs.insert`.
        ("PUT", ["jobs"]) => ("jobs.upload", vec![]),
        ("GET", ["jobs"]) => ("jobs.list", vec![]),
        ("GET", ["jobs", job]) => ("jobs.get", vec![*job]),
        ("POST", ["jobs", job, "cancel"]) => ("jobs.cancel", vec![*job]),
        ("DELETE", ["jobs", job, "delete"]) => ("jobs.delete", vec![*job]),
        ("POST", ["queries"]) => ("jobs.query", vec![]),
        ("GET", ["queries", job]) => ("jobs.getQueryResults", vec![*job]),
        ("GET", ["serviceAccount"]) => ("projects.getServiceAccount", vec![]),
        ("POST", ["datasets"]) => ("datasets.insert", vec![]),
        ("GET", ["datasets"]) => ("datasets.list", vec![]),
        ("GET", ["datasets", _]) => ("datasets.get", vec![]),
        ("PATCH" | "PUT", ["datasets", _]) => ("datasets.patch", vec![]),
        ("DELETE", ["datasets", _]) => ("datasets.delete", vec![]),
        ("POST", ["datasets", _, "tables"]) => ("tables.insert", vec![]),
        ("GET", ["datasets", _, "tables"]) => ("tables.list", vec![]),
        ("GET", ["datasets", dataset, "tables", table]) => ("tables.get", vec![*dataset, *table]),
        ("PATCH" | "PUT", ["datasets", dataset, "tables", table]) => {
            ("tables.patch", vec![*dataset, *table])
        }
        ("DELETE", ["datasets", dataset, "tables", table]) => {
            ("tables.delete", vec![*dataset, *table])
        }
        ("GET", ["datasets", dataset, "tables", table, "data"]) => {
            ("tabledata.list", vec![*dataset, *table])
        }
        ("POST", ["datasets", dataset, "tables", table, "insertAll"]) => {
            ("tabledata.insertAll", vec![*dataset, *table])
        }
        ("GET", ["datasets", _, "routines"]) => ("routines.list", vec![]),
        ("GET", ["datasets", _, "models"]) => ("models.list", vec![]),
        _ => return None,
    };
    Some(found)
}

/// Which job or table a call is about. The body of an insert is read for it.
async fn facts(
    warehouse: &Arc<Warehouse>,
    call: &Call<'_>,
    request: Request,
) -> Result<(Request, Facts), BqError> {
    if call.method == "jobs.insert" {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, BODY_MAX_BYTES)
            .await
            .map_err(|error| BqError::invalid(format!("The body could not be read: {error}")))?;
        let job = job(&parts.headers, &bytes);
        let id = job["jobReference"]["jobId"].as_str();
        let facts = Facts::of_configuration(call.project, id, &job["configuration"]);
        return Ok((Request::from_parts(parts, Body::from(bytes)), facts));
    }
    let facts = match call.names.as_slice() {
        [job] => {
            let location = request.uri().query().and_then(location);
            match warehouse.jobs.get(call.project, job, location.as_deref()) {
                Ok(job) => Facts::of_record(&job.record()),
                Err(_) => Facts::of_configuration(call.project, Some(job), &Value::Null),
            }
        }
        [dataset, table] => Facts::of_table(call.project, dataset, &table.replace("%24", "$")),
        _ => Facts::of_configuration(call.project, None, &Value::Null),
    };
    Ok((request, facts))
}

fn location(query: &str) -> Option<String> {
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.into_iter().find(|(key, _)| *key == "location").map(|(_, value)| value.to_owned())
}

/// The job of an insert: the body, or the first part of an upload.
fn job(headers: &HeaderMap, body: &axum::body::Bytes) -> Value {
    let text = upload::job_part(headers, body).unwrap_or(body);
    serde_json::from_slice(text).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_name_of_its_method() {
        let name = |method: Method, path: &str| Call::of(&method, path).map(|call| call.method);

        for (method, path, expected) in [
            (Method::POST, "/bigquery/v2/projects/p/jobs", "jobs.insert"),
            (Method::POST, "/upload/bigquery/v2/projects/p/jobs", "jobs.insert"),
            (Method::GET, "/bigquery/v2/projects/p/jobs/j", "jobs.get"),
            (Method::GET, "/bigquery/v2/projects/p/queries/j", "jobs.getQueryResults"),
            (Method::POST, "/bigquery/v2/projects/p/jobs/j/cancel", "jobs.cancel"),
            (Method::GET, "/bigquery/v2/projects/p/datasets/d/tables/t/data", "tabledata.list"),
        ] {
            assert_eq!(name(method, path), Some(expected), "{path}");
        }
        assert_eq!(name(Method::GET, "/himekuri/v1/faults"), None);
    }
}
