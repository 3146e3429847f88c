//! Errors for API clients: what is wrong and what to do, as `application/problem+json`.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use himekuri_engine::ResumeError;
use himekuri_store::StoreError;
use serde_json::{Value, json};

use crate::coordinator::{PushError, StartError};
use crate::session::SessionError;

/// An error response.
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    more: Value,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), more: Value::Null }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, self.more) {
            body.extend(more);
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(body)).into_response()
    }
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
                    more: json!({ "diagnostics": texts }),
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
            | StartError::Resume(ResumeError::UnknownTask { .. })
            | StartError::Store(StoreError::UnknownAttempt { .. }) => StatusCode::NOT_FOUND,
            StartError::Compile(_) | StartError::Session(SessionError::Invalid { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            StartError::Session(_) => StatusCode::BAD_REQUEST,
            StartError::Store(_) | StartError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
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
        Self::new(status, chain(&error))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
