//! Errors in BigQuery's words, because callers decide by `reason`.
//!
//! Source of reasons and codes: BigQuery's page "Error messages".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Why a request or a job failed, as BigQuery names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Something named in the request does not exist.
    NotFound,
    /// A job, dataset or table of this name exists, or the destination holds rows.
    Duplicate,
    /// A value of the request, or a schema, does not fit.
    Invalid,
    /// The SQL text is wrong.
    InvalidQuery,
    /// A required value is missing.
    Required,
    /// The body is not JSON of the expected shape.
    ParseError,
    /// The query would read more than `maximumBytesBilled`.
    BytesBilledLimitExceeded,
    /// The dataset still has tables.
    ResourceInUse,
    /// The job was cancelled or ran out of its time.
    Stopped,
    /// BigQuery can do it, this warehouse cannot.
    NotImplemented,
    /// The warehouse itself failed; the same request may work later.
    BackendError,
    /// The path exists, but not with this method.
    HttpMethodNotAllowed,
    /// Too many requests, or too many changes of one table, in a short time.
    RateLimitExceeded,
    /// A quota of the project is used up.
    QuotaExceeded,
    /// Too many jobs in a short time: only a new job can succeed.
    JobRateLimitExceeded,
    /// The job failed inside BigQuery: only a new job can succeed.
    JobBackendError,
    /// As `JobBackendError`.
    JobInternalError,
    /// BigQuery failed inside.
    InternalError,
    /// A server in between failed.
    BadGateway,
    /// The query needs more than a job may have.
    ResourcesExceeded,
    /// The result is larger than a result may be.
    ResponseTooLarge,
    /// The job took too long.
    Timeout,
    /// The table cannot be read just now.
    TableUnavailable,
    /// The caller may not do this.
    AccessDenied,
    /// The project was blocked for a while.
    Blocked,
    /// The project pays for nothing.
    BillingNotEnabled,
    /// The query belongs to a higher billing tier.
    BillingTierLimitExceeded,
    /// The table is not as the request's `If-Match` says.
    ConditionNotMet,
}

impl Reason {
    /// The HTTP status of a response with this reason.
    pub fn code(self) -> u16 {
        match self {
            Self::Invalid
            | Self::InvalidQuery
            | Self::Required
            | Self::ParseError
            | Self::BytesBilledLimitExceeded
            | Self::JobRateLimitExceeded
            | Self::JobBackendError
            | Self::JobInternalError
            | Self::ResourcesExceeded
            | Self::Timeout
            | Self::TableUnavailable
            | Self::BillingTierLimitExceeded
            | Self::ResourceInUse => 400,
            Self::RateLimitExceeded
            | Self::QuotaExceeded
            | Self::ResponseTooLarge
            | Self::AccessDenied
            | Self::Blocked
            | Self::BillingNotEnabled => 403,
            Self::NotFound => 404,
            Self::HttpMethodNotAllowed => 405,
            Self::Duplicate => 409,
            Self::ConditionNotMet => 412,
            Self::Stopped => 499,
            Self::InternalError => 500,
            Self::NotImplemented => 501,
            Self::BadGateway => 502,
            Self::BackendError => 503,
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Invalid
            | Self::InvalidQuery
            | Self::Required
            | Self::ParseError
            | Self::JobRateLimitExceeded
            | Self::JobBackendError
            | Self::JobInternalError
            | Self::ResourcesExceeded
            | Self::Timeout
            | Self::TableUnavailable => "INVALID_ARGUMENT",
            Self::ResourceInUse
            | Self::BytesBilledLimitExceeded
            | Self::BillingTierLimitExceeded
            | Self::ConditionNotMet => "FAILED_PRECONDITION",
            Self::RateLimitExceeded
            | Self::QuotaExceeded
            | Self::ResponseTooLarge
            | Self::AccessDenied
            | Self::Blocked
            | Self::BillingNotEnabled => "PERMISSION_DENIED",
            Self::InternalError => "INTERNAL",
            Self::NotFound => "NOT_FOUND",
            Self::HttpMethodNotAllowed | Self::NotImplemented => "UNIMPLEMENTED",
            Self::Duplicate => "ALREADY_EXISTS",
            Self::Stopped => "CANCELLED",
            Self::BackendError | Self::BadGateway => "UNAVAILABLE",
        }
    }

    /// BigQuery's spelling, such as `invalidQuery`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "notFound",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::InvalidQuery => "invalidQuery",
            Self::Required => "required",
            Self::ParseError => "parseError",
            Self::BytesBilledLimitExceeded => "bytesBilledLimitExceeded",
            Self::ResourceInUse => "resourceInUse",
            Self::Stopped => "stopped",
            Self::NotImplemented => "notImplemented",
            Self::BackendError => "backendError",
            Self::HttpMethodNotAllowed => "httpMethodNotAllowed",
            Self::RateLimitExceeded => "rateLimitExceeded",
            Self::QuotaExceeded => "quotaExceeded",
            Self::JobRateLimitExceeded => "jobRateLimitExceeded",
            Self::JobBackendError => "jobBackendError",
            Self::JobInternalError => "jobInternalError",
            Self::InternalError => "internalError",
            Self::BadGateway => "badGateway",
            Self::ResourcesExceeded => "resourcesExceeded",
            Self::ResponseTooLarge => "responseTooLarge",
            Self::Timeout => "timeout",
            Self::TableUnavailable => "tableUnavailable",
            Self::AccessDenied => "accessDenied",
            Self::Blocked => "blocked",
            Self::BillingNotEnabled => "billingNotEnabled",
            Self::BillingTierLimitExceeded => "billingTierLimitExceeded",
            Self::ConditionNotMet => "conditionNotMet",
        }
    }
}

/// A failure with BigQuery's reason and message, for a response or a job's `errorResult`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct BqError {
    /// Decides what a caller does next.
    pub reason: Reason,
    /// The sentence people read.
    pub message: String,
    /// Where it is wrong: `query`, or the name of a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

impl BqError {
    /// An error without a location.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), location: None }
    }

    /// `invalid`: a value does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, message)
    }

    /// `invalidQuery` at `query`.
    pub fn query(message: impl Into<String>) -> Self {
        Self {
            reason: Reason::InvalidQuery,
            message: message.into(),
            location: Some("query".into()),
        }
    }

    /// `notFound` with BigQuery's leading words.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Reason::NotFound, format!("Not found: {what}"))
    }

    /// `duplicate` with BigQuery's leading words.
    pub fn already_exists(what: impl std::fmt::Display) -> Self {
        Self::new(Reason::Duplicate, format!("Already Exists: {what}"))
    }

    /// Something this warehouse does not offer.
    pub fn not_implemented(what: impl std::fmt::Display) -> Self {
        Self::new(Reason::NotImplemented, format!("{what} is not supported by the local warehouse"))
    }

    /// The entry of `errors[]` and of a job's `errorResult` (`ErrorProto`).
    pub fn proto(&self) -> Value {
        let mut proto = json!({ "reason": self.reason.name(), "message": self.message });
        if let Some(location) = &self.location {
            proto["location"] = json!(location);
        }
        proto
    }

    /// The body of a failed request.
    pub fn body(&self) -> Value {
        let mut entry = self.proto();
        entry["domain"] = json!("global");
        json!({ "error": {
            "code": self.reason.code(),
            "message": self.message,
            "status": self.reason.status(),
            "errors": [entry],
        }})
    }
}

/// A failure of the storage itself, not of the caller's SQL.
impl From<duckdb::Error> for BqError {
    fn from(error: duckdb::Error) -> Self {
        Self::new(Reason::BackendError, format!("the warehouse's storage failed: {error}"))
    }
}
