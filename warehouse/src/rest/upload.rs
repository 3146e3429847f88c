//! Uploads: a load job with its rows.
//!
//! `POST /upload/…/jobs?uploadType=multipart` has both in one request. The body is `multipart/related` (RFC 2387): first
//! the `Job` as JSON, then the rows. `uploadType=resumable` sends the job first, and gets a URL to which the rows are put,
//! in one part or in many (BigQuery's page "Loading data with a resumable upload").

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};

use super::jobs::submit;
use super::{Answer, BODY_MAX_BYTES, Params, Shared, object};
use crate::duck::locked;
use crate::error::BqError;
use crate::jobs::config::JobKind;
use crate::jobs::request::Request;
use crate::warehouse::{Upload, Warehouse};

/// `jobs.insert` with an upload.
pub(super) async fn insert(
    State(warehouse): Shared,
    Path(project): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, BqError> {
    match params.get("uploadType").map(String::as_str) {
        Some("multipart") => {
            Ok(multipart(warehouse, &project, &headers, &body).await?.into_response())
        }
        Some("resumable") => begin(&warehouse, &project, &headers, &body),
        other => {
            let name = other.unwrap_or_default();
            Err(BqError::not_implemented(format_args!(
                "uploadType '{name}' (use 'multipart' or 'resumable')"
            )))
        }
    }
}

/// The job of an upload in parts; the answer's `Location` takes the rows.
fn begin(
    warehouse: &Warehouse,
    project: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, BqError> {
    let request = Request::parse(project, &object(body)?)?;
    JobKind::parse(&request.configuration, project)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let location = format!(
        "http://{}/upload/bigquery/v2/projects/{project}/jobs?uploadType=resumable&upload_id={id}",
        host.unwrap_or("127.0.0.1"),
    );
    locked(&warehouse.uploads).insert(id, Upload { request, rows: Vec::new() });
    Ok((StatusCode::OK, [(header::LOCATION, location)]).into_response())
}

/// A part of the rows; with the last one the job is made.
pub(super) async fn append(
    State(warehouse): Shared,
    Query(params): Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, BqError> {
    let id = params.get("upload_id").cloned().unwrap_or_default();
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let complete = {
        let mut uploads = locked(&warehouse.uploads);
        let unknown = || BqError::not_found(format_args!("Upload {id}"));
        let upload = uploads.get_mut(&id).ok_or_else(unknown)?;
        let range = Range::parse(range.unwrap_or_default(), body.len())
            .ok_or_else(|| BqError::invalid("Invalid value for: Content-Range"))?;
        // A part that comes again because its answer was lost replaces itself.
        if range.start.is_some_and(|start| start > upload.rows.len()) {
            return Err(BqError::invalid("A part of the upload is missing before this one"));
        }
        if let Some(start) = range.start {
            upload.rows.truncate(start);
            upload.rows.extend_from_slice(&body);
        }
        if upload.rows.len() > BODY_MAX_BYTES {
            uploads.remove(&id);
            return Err(BqError::invalid("The upload is larger than 100 MB"));
        }
        let received = upload.rows.len();
        match range.total {
            Some(total) if total == received => uploads.remove(&id),
            Some(_) | None => {
                let headers = match received.checked_sub(1) {
                    Some(last) => vec![(header::RANGE, format!("bytes=0-{last}"))],
                    None => Vec::new(),
                };
                let headers = AppendHeaders(headers);
                return Ok((StatusCode::PERMANENT_REDIRECT, headers).into_response());
            }
        }
    };
    let Some(Upload { mut request, rows }) = complete else {
        return Err(BqError::not_found(format_args!("Upload {id}")));
    };
    request.upload = Some(rows);
    Ok(submit(warehouse, request).await?.into_response())
}

/// `bytes 0-9/10`, `bytes 0-9/*`, `bytes */10`; without it, a body is all there is.
struct Range {
    /// Where the part begins; none if there is no part.
    start: Option<usize>,
    /// Length of the whole, if it is known.
    total: Option<usize>,
}

impl Range {
    fn parse(text: &str, length: usize) -> Option<Self> {
        if text.is_empty() {
            return Some(Self { start: Some(0), total: Some(length) });
        }
        let (part, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        if part == "*" {
            return Some(Self { start: None, total });
        }
        let (start, end) = part.split_once('-')?;
        let (start, end): (usize, usize) = (start.parse().ok()?, end.parse().ok()?);
        (end.checked_sub(start)?.checked_add(1)? == length)
            .then_some(Self { start: Some(start), total })
    }
}

/// The first part of a multipart upload.
pub(super) fn job_part<'a>(headers: &HeaderMap, body: &'a Bytes) -> Option<&'a [u8]> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    parts(body, kind.and_then(boundary)?).first().copied()
}

/// Both parts of a multipart upload: what it is, and the content.
///
/// # Errors
/// `invalid` for another body.
pub(super) fn two_parts(headers: &HeaderMap, body: &Bytes) -> Result<(Vec<u8>, Vec<u8>), BqError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = kind.and_then(boundary).ok_or_else(|| {
        BqError::invalid("The Content-Type of an upload must be multipart/related with a boundary")
    })?;
    match parts(body, boundary).as_slice() {
        [what, content] => Ok((what.to_vec(), content.to_vec())),
        _ => Err(BqError::invalid("An upload must have two parts: what it is, and the content")),
    }
}

async fn multipart(
    warehouse: Arc<Warehouse>,
    project: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Answer, BqError> {
    let (job, rows) = two_parts(headers, body)?;
    let mut request = Request::parse(project, &object(&Bytes::from(job))?)?;
    request.upload = Some(rows);
    submit(warehouse, request).await
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    let named = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    Some(named.trim_matches(['"', '\''])).filter(|boundary| !boundary.is_empty())
}

/// The contents of the parts, without their headers.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let starts = positions(body, delimiter.as_bytes());
    let mut parts = Vec::new();
    for pair in starts.windows(2) {
        let (from, to) = (pair[0] + delimiter.len(), pair[1]);
        let part = &body[from..to];
        if let Some(content) = content(part) {
            parts.push(content);
        }
    }
    parts
}

/// Delimiters stand at the beginning of a line.
fn positions(body: &[u8], delimiter: &[u8]) -> Vec<usize> {
    let windows = body.windows(delimiter.len()).enumerate();
    windows
        .filter(|(at, window)| *window == delimiter && (*at == 0 || body[at - 1] == b'\n'))
        .map(|(at, _)| at)
        .collect()
}

fn content(part: &[u8]) -> Option<&[u8]> {
    let (at, length) = [&b"\r\n\r\n"[..], b"\n\n"]
        .into_iter()
        .filter_map(|blank| Some((find(part, blank)?, blank.len())))
        .min()?;
    let content = &part[at + length..];
    // The line break before a delimiter belongs to the delimiter.
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    Some(content.strip_suffix(b"\r").unwrap_or(content))
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_a_part_begins_and_how_long_all_is() {
        let read =
            |text, length| Range::parse(text, length).map(|range| (range.start, range.total));

        assert_eq!(read("bytes 0-9/10", 10), Some((Some(0), Some(10))));
        assert_eq!(read("bytes 10-19/*", 10), Some((Some(10), None)));
        assert_eq!(read("bytes */20", 0), Some((None, Some(20))));
        assert_eq!(read("", 7), Some((Some(0), Some(7))));
        assert_eq!(read("bytes 0-9/10", 4), None);
        assert_eq!(read("lines 0-9/10", 10), None);
    }

    #[test]
    fn a_body_splits_into_the_job_and_the_rows() {
        let body = b"--b1\r\nContent-Type: application/json\r\n\r\n{}\r\n--b1\r\nContent-Type: */*\r\n\r\n{\"a\":1}\n{\"a\":2}\n\r\n--b1--\r\n";

        let parts = parts(body, "b1");

        assert_eq!(parts, [&b"{}"[..], b"{\"a\":1}\n{\"a\":2}\n"]);
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        assert_eq!(boundary("multipart/related; boundary=\"==1==\""), Some("==1=="));
        assert_eq!(boundary("multipart/form-data; boundary=x"), None);
    }
}
