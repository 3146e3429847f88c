//! Errors for API clients: what is wrong and what to do, as `application/problem+json`.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use himekuri_engine::ResumeError;
use himekuri_store::StoreError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::coordinator::{PushError, StartError};
use crate::session::SessionError;

/// Seconds: a takeover takes a few.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What a caller must show (RFC 6750).
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"himekuri\"");

/// What a caller gets in place of an answer (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemDocument {
    /// Always `about:blank`: `status` and `detail` say all.
    #[schema(example = "about:blank")]
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// What is wrong in the files of a push, with file, line and column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diagnostics: Option<Vec<String>>,
}

/// Answers that every request may have.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description of the API")]
pub(super) enum Problems {
    /// The request is not as it must be.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] ProblemDocument),
    /// The caller did not say who they are, or is not known.
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(#[to_schema] ProblemDocument),
    /// The caller may not do this, or not with this title.
    #[response(status = 403, content_type = "application/problem+json")]
    Refused(#[to_schema] ProblemDocument),
    /// There is no such thing.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] ProblemDocument),
    /// The path knows other methods.
    #[response(status = 405, content_type = "application/problem+json")]
    Method(#[to_schema] ProblemDocument),
    /// The request was not here in time.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(#[to_schema] ProblemDocument),
    /// Something is as it is, and does not allow this.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] ProblemDocument),
    /// The request is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemDocument),
    /// The body is not JSON, or is not said to be.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(#[to_schema] ProblemDocument),
    /// The request can be read, and cannot be carried out.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] ProblemDocument),
    /// The caller asks too often.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(#[to_schema] ProblemDocument),
    /// Nobody leads at the moment, or a server of the pool does not answer: ask again.
    #[response(status = 503, content_type = "application/problem+json")]
    Passing(#[to_schema] ProblemDocument),
}

/// An error response.
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    diagnostics: Option<Vec<String>>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), diagnostics: None }
    }

    /// There is no such thing.
    pub(super) fn unknown(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what} {id}"))
    }

    /// What will pass by itself.
    pub(super) fn passing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemDocument {
            r#type: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            diagnostics: self.diagnostics,
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, BEARER);
            }
            _ => {}
        }
        response
    }
}

pub(super) async fn no_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("`{}` is not for {method}; see /openapi.json", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at `{}`", uri.path()))
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        let status = match &error {
            PushError::Name { .. } | PushError::Archive(_) | PushError::NoGcpProject { .. } => {
                StatusCode::BAD_REQUEST
            }
            PushError::Invalid(diagnostics) => {
                let texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
                return Self {
                    status: StatusCode::UNPROCESSABLE_ENTITY,
                    detail: error.to_string(),
                    diagnostics: Some(texts),
                };
            }
            PushError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            PushError::Json(_) | PushError::Script(_) | PushError::Check(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, chain(&error))
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        let status = match &error {
            StartError::UnknownProject(_)
            | StartError::UnknownWorkflow { .. }
            | StartError::UnknownRevision(_)
            | StartError::UnknownBackfill(_)
            | StartError::UnknownSchedule(_)
            | StartError::Resume(ResumeError::UnknownTask { .. })
            | StartError::Store(StoreError::UnknownAttempt { .. }) => StatusCode::NOT_FOUND,
            StartError::Compile(_) | StartError::Session(SessionError::Invalid { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            StartError::Session(_) | StartError::TooManyDays { .. } => StatusCode::BAD_REQUEST,
            StartError::History(error) if !error.is_retryable() => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            StartError::Store(_)
            | StartError::Stopping
            | StartError::History(_)
            | StartError::NotInArchive { .. } => StatusCode::SERVICE_UNAVAILABLE,
            StartError::Resume(ResumeError::AmbiguousTask { .. } | ResumeError::Root(_)) => {
                StatusCode::BAD_REQUEST
            }
            StartError::Resume(
                ResumeError::NotEnded(_) | ResumeError::Succeeded(_) | ResumeError::NotDone { .. },
            )
            | StartError::Unreadable(_)
            | StartError::OtherRevision { .. }
            | StartError::BackfillExists { .. }
            | StartError::BackfillOver(_)
            | StartError::NameTaken { .. } => StatusCode::CONFLICT,
            StartError::Json(_) | StartError::Archive(_) | StartError::Replay(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        // The store is well; it is the number that is wrong.
        if let StartError::Store(StoreError::UnknownAttempt { attempt }) = error {
            let detail = format!("there is no attempt {attempt}; `himekuri attempts` lists them");
            return Self::new(status, detail);
        }
        Self::new(status, chain(&error))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
