//! Operators: which exist, who runs them, and how evaluated parameters become work or subtasks.

use himekuri_protocol::TaskError;

mod bq;
mod call;
mod echo;
mod loop_over;
mod parameters;

pub(crate) use bq::query_job;
pub(crate) use call::call;
pub(crate) use echo::echo;
pub(crate) use loop_over::loop_over;
pub(crate) use parameters::Parameters;

/// Operators that the engine runs itself: they make subtasks.
pub const CONTROL_OPERATORS: &[&str] = &["call", "loop"];

/// Operators that workers run.
pub const WORKER_OPERATORS: &[&str] = &["bq", "echo"];

/// Whether this version runs the operator.
#[must_use]
pub fn is_known_operator(operator: &str) -> bool {
    CONTROL_OPERATORS.contains(&operator) || WORKER_OPERATORS.contains(&operator)
}

pub(crate) fn runs_on_worker(operator: &str) -> bool {
    WORKER_OPERATORS.contains(&operator)
}

/// A task that fails because of what its files say: no try is made, and `_retry` does not help (digdag's
/// `ConfigException`).
pub(crate) fn config_error(message: impl Into<String>) -> TaskError {
    TaskError { reason: "config".to_owned(), message: message.into(), job: None }
}
