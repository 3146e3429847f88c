//! BigQuery's reasons and what is done about them: the one place, a row each (BigQuery "Error messages"; the retry rules of
//! Google's Python client, `google/cloud/bigquery/retry.py`).
//!
//! A reason means one thing in the answer to a *call*, which is made again with the same job id, and another in the
//! `errorResult` of a *job*, whose id can never run again.

use std::time::Duration;

/// Writes to one table are counted over 10 seconds: a job that comes back sooner meets the same limit.
const RATE_WINDOW: Duration = Duration::from_secs(15);

/// After a failure of BigQuery's own.
const OUTAGE: Duration = Duration::from_secs(10);

/// A table that is being moved is back after minutes.
const TABLE_BUSY: Duration = Duration::from_secs(120);

/// A queue has emptied after minutes; a daily quota refills all the time.
const QUOTA: Duration = Duration::from_secs(600);

/// A quota that the project's owners have set refills at midnight, Pacific time.
const CUSTOM_QUOTA: Duration = Duration::from_secs(3_600);

/// What an error in the answer to a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The id exists: an earlier call has sent the job.
    Exists,
    /// There is no such thing.
    NotFound,
    /// The same call may work in a moment, and may have worked already.
    SameCall,
    /// It will not work.
    Refused,
}

/// What is done after a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A new try, with a new job id, so long after the failure at the earliest.
    NewTry(Duration),
    /// The same, however often: what is short refills by itself, and no try of the task is charged for it.
    Wait(Duration),
    /// Nothing but what the task's own `_retry` says: the next job would fail in the same way.
    Never(Why),
}

/// Why a new job would fail too: what the reader can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The SQL, the data or an option.
    Request,
    /// A right or the billing of the project.
    Access,
    /// A table or dataset that is not there.
    Missing,
    /// It needs more memory than BigQuery gives to a query.
    Resources,
    /// It ran for too long, or somebody has stopped it.
    Stopped,
    /// It would have cost more than it may.
    Cost,
    /// The destination has rows already, or is busy.
    Destination,
    /// A reason that is not in the table.
    Unknown,
}

/// The meaning of a failed call's HTTP status and reason.
#[must_use]
pub fn of_call(status: u16, reason: &str) -> CallError {
    match (status, reason) {
        (409, _) => CallError::Exists,
        (404, _) => CallError::NotFound,
        // An expired token (the clock may be off) and a time-out are asked again like an outage.
        (401 | 408 | 429 | 500..=599, _) => CallError::SameCall,
        (
            _,
            "rateLimitExceeded"
            | "quotaExceeded"
            | "backendError"
            | "internalError"
            | "badGateway"
            | "jobRateLimitExceeded"
            | "jobBackendError"
            | "jobInternalError"
            | "ADMISSION_DENIED",
        ) => CallError::SameCall,
        _ => CallError::Refused,
    }
}

/// What is done after a job that failed with this `errorResult`.
#[must_use]
pub fn of_job(reason: &str, message: &str) -> Remedy {
    if message.contains("due to concurrent update") {
        return Remedy::NewTry(RATE_WINDOW);
    }
    match reason {
        "backendError" | "internalError" | "jobBackendError" | "jobInternalError" => {
            Remedy::NewTry(OUTAGE)
        }
        "rateLimitExceeded" | "jobRateLimitExceeded" => Remedy::NewTry(RATE_WINDOW),
        "tableUnavailable" => Remedy::NewTry(TABLE_BUSY),
        "quotaExceeded" => Remedy::Wait(QUOTA),
        "usageQuotaExceeded" => Remedy::Wait(CUSTOM_QUOTA),
        "resourcesExceeded" | "responseTooLarge" => Remedy::Never(Why::Resources),
        "stopped" | "timeout" => Remedy::Never(Why::Stopped),
        "billingTierLimitExceeded" | "bytesBilledLimitExceeded" => Remedy::Never(Why::Cost),
        "accessDenied"
        | "proxyAuthenticationRequired"
        | "billingNotEnabled"
        | "blocked"
        | "invalidUser" => Remedy::Never(Why::Access),
        "notFound" => Remedy::Never(Why::Missing),
        "duplicate" | "resourceInUse" => Remedy::Never(Why::Destination),
        "invalid" | "invalidQuery" | "notImplemented" | "attributeError" | "badRequest" => {
            Remedy::Never(Why::Request)
        }
        _ => Remedy::Never(Why::Unknown),
    }
}

impl Remedy {
    /// What Himekuri does about it, for the person who reads the error.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::NewTry(_) => "this passes: it is tried again with a new job",
            Self::Wait(_) => {
                "a quota is used up: it is tried again when some of it is back, and no retry is counted"
            }
            Self::Never(Why::Request) => {
                "not tried again by itself, because the same request fails in the same way; mend it and `himekuri retry`"
            }
            Self::Never(Why::Access) => {
                "not tried again by itself; give the service account the right, then `himekuri retry`"
            }
            Self::Never(Why::Missing) => {
                "not tried again by itself; make the table or dataset, or wait for it with `bq_wait>`, then `himekuri retry`"
            }
            Self::Never(Why::Resources) => {
                "not tried again by itself; the query needs more memory than BigQuery gives, so make it smaller"
            }
            Self::Never(Why::Stopped) => {
                "not tried again by itself; somebody stopped the job, or it ran past its time limit"
            }
            Self::Never(Why::Cost) => {
                "not tried again by itself, and nothing was paid; read less, or raise `maximum_bytes_billed`"
            }
            Self::Never(Why::Destination) => {
                "not tried again by itself; look at `write_disposition` and at what else writes the table"
            }
            Self::Never(Why::Unknown) => "not tried again by itself",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_to_a_call_has_one_meaning() {
        let rows = [
            (409, "duplicate", CallError::Exists),
            (404, "notFound", CallError::NotFound),
            (401, "authError", CallError::SameCall),
            (408, "", CallError::SameCall),
            (429, "tooManyRequests", CallError::SameCall),
            (500, "internalError", CallError::SameCall),
            (502, "badGateway", CallError::SameCall),
            (503, "backendError", CallError::SameCall),
            (504, "", CallError::SameCall),
            (403, "rateLimitExceeded", CallError::SameCall),
            (403, "quotaExceeded", CallError::SameCall),
            (400, "backendError", CallError::SameCall),
            (400, "ADMISSION_DENIED", CallError::SameCall),
            (400, "invalid", CallError::Refused),
            (400, "invalidQuery", CallError::Refused),
            (403, "accessDenied", CallError::Refused),
            (403, "billingNotEnabled", CallError::Refused),
        ];

        for (status, reason, meaning) in rows {
            assert_eq!(of_call(status, reason), meaning, "{status} {reason}");
        }
    }

    #[test]
    fn each_reason_of_a_failed_job_has_one_remedy() {
        let rows = [
            ("backendError", Remedy::NewTry(OUTAGE)),
            ("internalError", Remedy::NewTry(OUTAGE)),
            ("jobBackendError", Remedy::NewTry(OUTAGE)),
            ("jobInternalError", Remedy::NewTry(OUTAGE)),
            ("rateLimitExceeded", Remedy::NewTry(RATE_WINDOW)),
            ("jobRateLimitExceeded", Remedy::NewTry(RATE_WINDOW)),
            ("tableUnavailable", Remedy::NewTry(TABLE_BUSY)),
            ("quotaExceeded", Remedy::Wait(QUOTA)),
            ("usageQuotaExceeded", Remedy::Wait(CUSTOM_QUOTA)),
            ("resourcesExceeded", Remedy::Never(Why::Resources)),
            ("responseTooLarge", Remedy::Never(Why::Resources)),
            ("timeout", Remedy::Never(Why::Stopped)),
            ("stopped", Remedy::Never(Why::Stopped)),
            ("billingTierLimitExceeded", Remedy::Never(Why::Cost)),
            ("bytesBilledLimitExceeded", Remedy::Never(Why::Cost)),
            ("invalid", Remedy::Never(Why::Request)),
            ("invalidQuery", Remedy::Never(Why::Request)),
            ("invalidUser", Remedy::Never(Why::Access)),
            ("accessDenied", Remedy::Never(Why::Access)),
            ("proxyAuthenticationRequired", Remedy::Never(Why::Access)),
            ("notFound", Remedy::Never(Why::Missing)),
            ("billingNotEnabled", Remedy::Never(Why::Access)),
            ("blocked", Remedy::Never(Why::Access)),
            ("notImplemented", Remedy::Never(Why::Request)),
            ("attributeError", Remedy::Never(Why::Request)),
            ("badRequest", Remedy::Never(Why::Request)),
            ("resourceInUse", Remedy::Never(Why::Destination)),
            ("duplicate", Remedy::Never(Why::Destination)),
            ("somethingNew", Remedy::Never(Why::Unknown)),
        ];

        for (reason, remedy) in rows {
            assert_eq!(of_job(reason, "m"), remedy, "{reason}");
        }
    }

    #[test]
    fn a_conflict_with_another_update_passes_whatever_its_reason() {
        let message = "Transaction is aborted due to concurrent update against table a.b";

        assert_eq!(of_job("invalidQuery", message), Remedy::NewTry(RATE_WINDOW));
    }
}
