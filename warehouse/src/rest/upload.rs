//! `POST /upload/…/jobs?uploadType=multipart`: a load job and its rows in one request.
//!
//! The body is `multipart/related` (RFC 2387): first the `Job` as JSON, then the rows.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};

use super::jobs::submit;
use super::{Answer, Params, Shared, object};
use crate::error::BqError;
use crate::jobs::run::Request;

/// `jobs.insert` with an upload.
pub(super) async fn insert(
    State(warehouse): Shared,
    Path(project): Path<String>,
    Query(params): Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, BqError> {
    match params.get("uploadType").map(String::as_str) {
        Some("multipart") => {}
        other => {
            let name = other.unwrap_or_default();
            return Err(BqError::not_implemented(format_args!(
                "uploadType '{name}' (use 'multipart')"
            )));
        }
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = kind.and_then(boundary).ok_or_else(|| {
        BqError::invalid("The Content-Type of an upload must be multipart/related with a boundary")
    })?;
    let parts = parts(&body, boundary);
    let [job, rows] = parts.as_slice() else {
        return Err(BqError::invalid("An upload must have two parts: the job and the rows"));
    };
    let mut request = Request::parse(&project, &object(&Bytes::copy_from_slice(job))?)?;
    request.upload = Some(rows.to_vec());
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
