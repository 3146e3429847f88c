//! `jobs.list`. The pool polls with it, so a page costs what its entries cost, however many jobs there are.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::Shared;
use crate::error::BqError;
use crate::jobs::record::{JobRecord, JobState, Projection};
use crate::jobs::registry::{Job, Place};

/// Entries of a page when the request does not say.
const PAGE_DEFAULT: usize = 50;
/// The longest page.
const PAGE_MAX: usize = 1000;

/// Newest first. A parameter may come more than once, as `stateFilter` does.
pub(super) async fn list(
    State(warehouse): Shared,
    Path(project): Path<String>,
    Query(params): Query<Vec<(String, String)>>,
) -> Result<Response, BqError> {
    let request = ListRequest::parse(&params)?;
    let mut page: Vec<(Place, Arc<Job>)> = Vec::new();
    let mut more = false;
    warehouse.jobs.visit(&project, request.from..request.before, |place, job, record| {
        if !request.wants(record) {
            return ControlFlow::Continue(());
        }
        if page.len() == request.length {
            more = true;
            return ControlFlow::Break(());
        }
        page.push((place, Arc::clone(job)));
        ControlFlow::Continue(())
    });
    let mut answer = json!({ "kind": "bigquery#jobList", "etag": etag(&page) });
    if let Some((Place { created_ms, number }, _)) = page.last().filter(|_| more) {
        answer["nextPageToken"] = json!(format!("{created_ms}-{number}"));
    }
    // The entries are texts already.
    let mut text = answer.to_string();
    text.truncate(text.len() - 1);
    text.push_str(",\"jobs\":[");
    for (index, (_, job)) in page.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&job.entry(request.projection));
    }
    text.push_str("]}");
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

fn etag(page: &[(Place, Arc<Job>)]) -> String {
    let newest = page.first().map_or(0, |(place, _)| place.created_ms);
    format!("{newest}-{}", page.len())
}

struct ListRequest<'a> {
    states: Vec<StateFilter>,
    parent: Option<&'a str>,
    projection: Projection,
    length: usize,
    /// The oldest that is wanted.
    from: Place,
    /// Younger ones were seen, or are not wanted.
    before: Place,
}

/// A state as filters name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StateFilter {
    Pending,
    Running,
    Done,
}

impl<'a> ListRequest<'a> {
    fn parse(params: &'a [(String, String)]) -> Result<Self, BqError> {
        let wrong = |key: &str, value: &str| {
            BqError::invalid(format!("Invalid value for: {key}: '{value}'"))
        };
        let mut request = Self {
            states: Vec::new(),
            parent: None,
            projection: Projection::Minimal,
            length: PAGE_DEFAULT,
            from: Place { created_ms: 0, number: 0 },
            before: Place { created_ms: i64::MAX, number: u64::MAX },
        };
        let mut limits = request.before;
        for (key, value) in params {
            let number = || value.parse::<i64>().map_err(|_| wrong(key, value));
            match key.as_str() {
                "stateFilter" => request.states.push(match value.to_lowercase().as_str() {
                    "pending" => StateFilter::Pending,
                    "running" => StateFilter::Running,
                    "done" => StateFilter::Done,
                    _ => return Err(wrong(key, value)),
                }),
                "projection" => {
                    request.projection = match value.to_lowercase().as_str() {
                        "full" => Projection::Full,
                        "minimal" => Projection::Minimal,
                        _ => return Err(wrong(key, value)),
                    }
                }
                "parentJobId" if !value.is_empty() => request.parent = Some(value),
                "maxResults" => {
                    let length = usize::try_from(number()?).map_err(|_| wrong(key, value))?;
                    request.length = length.min(PAGE_MAX);
                }
                "minCreationTime" => request.from.created_ms = number()?,
                // Up to and with this millisecond.
                "maxCreationTime" => {
                    let created_ms = number()?.saturating_add(1);
                    limits = limits.min(Place { created_ms, number: 0 });
                }
                "pageToken" if !value.is_empty() => {
                    let token = value.split_once('-').and_then(|(created_ms, number)| {
                        Some(Place {
                            created_ms: created_ms.parse().ok()?,
                            number: number.parse().ok()?,
                        })
                    });
                    limits = limits.min(token.ok_or_else(|| wrong(key, value))?);
                }
                // All jobs are of one user; what is left are parameters of every method.
                _all_users_or_unknown => {}
            }
        }
        request.before = limits.max(request.from);
        Ok(request)
    }

    fn wants(&self, record: &JobRecord) -> bool {
        let state = match record.state {
            JobState::Pending => StateFilter::Pending,
            JobState::Running { .. } => StateFilter::Running,
            JobState::Done { .. } => StateFilter::Done,
        };
        (self.states.is_empty() || self.states.contains(&state))
            && record.parent.as_deref() == self.parent
    }
}
