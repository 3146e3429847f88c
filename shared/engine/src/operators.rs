//! Operators: which exist, who runs them, and how evaluated parameters become work or subtasks.

use std::time::Duration;

use himekuri_protocol::TaskError;

use crate::attempt::Task;
use crate::context::Context;
use crate::record::Expansion;
use crate::require::Requirement;

mod bq;
mod call;
mod duration;
mod echo;
mod fail;
mod for_each;
mod for_range;
mod http_call;
mod if_else;
mod iterations;
mod loop_over;
mod parameters;
mod require;
mod timeout;
mod wait;

pub(crate) use bq::{ddl, extract_job, load_job, object_wait, query_job, table_wait};
pub(crate) use echo::echo;
pub(crate) use http_call::http_request;
pub(crate) use parameters::Parameters;
pub(crate) use timeout::timeout;

/// Operators that the engine runs itself.
pub const CONTROL_OPERATORS: &[&str] =
    &["call", "fail", "for_each", "for_range", "if", "loop", "require", "wait"];

/// Operators that workers run.
pub const WORKER_OPERATORS: &[&str] =
    &["bq", "bq_ddl", "bq_extract", "bq_load", "bq_wait", "echo", "gcs_wait", "http_call"];

/// Reason of the error of a task whose operator this version does not run.
pub const OPERATOR_NOT_RUN: &str = "operatorNotRun";

/// What an operator decides that the engine runs itself.
pub(crate) enum Control {
    /// Subtasks run.
    Expand(Expansion),
    /// There is nothing to run.
    Done,
    /// So long after now, it is done.
    Wait(Duration),
    /// It is done when this session is.
    Require(Box<Requirement>),
    /// `_type: ${...}` is this operator.
    Resolved(String),
}

/// Whether this version runs the operator.
#[must_use]
pub fn is_known_operator(operator: &str) -> bool {
    CONTROL_OPERATORS.contains(&operator) || WORKER_OPERATORS.contains(&operator)
}

/// Key of the mapping that gives defaults to an operator's options (digdag `mergeDefault`).
pub(crate) fn family(operator: &str) -> &str {
    match operator {
        "http_call" => "http",
        "bq_load" | "bq_extract" | "bq_ddl" | "bq_wait" => "bq",
        "gcs_wait" => "gcs",
        other => other,
    }
}

pub(crate) fn runs_on_worker(operator: &str) -> bool {
    WORKER_OPERATORS.contains(&operator)
}

/// Whether the engine moves a ready task of this operator on.
pub(crate) fn moved_by_engine(operator: &str) -> bool {
    CONTROL_OPERATORS.contains(&operator) || is_template(operator)
}

/// Whether this is a `_type: ${...}`, whose operator is known at run time only.
pub(crate) fn is_template(operator: &str) -> bool {
    operator.contains("${")
}

/// Runs an operator of [`CONTROL_OPERATORS`], or finds out which one a `_type` is.
pub(crate) fn control(
    operator: &str,
    parameters: &Parameters<'_>,
    context: &mut Context<'_>,
) -> Result<Control, TaskError> {
    match operator {
        "call" => call::call(parameters, context),
        "fail" => Err(fail::fail(parameters)?),
        "for_each" => for_each::for_each(parameters),
        "for_range" => for_range::for_range(parameters),
        "if" => if_else::if_else(parameters),
        "loop" => loop_over::loop_over(parameters),
        "require" => require::require(parameters),
        "wait" => wait::wait(parameters),
        other if is_template(other) => resolve(parameters),
        other => Err(not_run(parameters.task, other)),
    }
}

fn resolve(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    match parameters.text("_type")? {
        // A second `${...}` would be looked at again for ever.
        Some(operator) if !operator.is_empty() && !is_template(&operator) => {
            Ok(Control::Resolved(operator))
        }
        other => {
            let found = other.unwrap_or_default();
            let message = format!("`_type` must be the name of an operator, not `{found}`");
            Err(parameters.error("_type", message))
        }
    }
}

/// The error of a task whose operator nobody here runs.
pub(crate) fn not_run(task: &Task, operator: &str) -> TaskError {
    let (position, name) = (&task.definition.position, &task.full_name);
    let message = format!("{position}: this version does not run `{operator}>` of task `{name}`");
    TaskError { reason: OPERATOR_NOT_RUN.to_owned(), message, job: None }
}

/// A task that fails because of what its files say: no try is made, and `_retry` does not help (digdag's
/// `ConfigException`).
pub(crate) fn config_error(message: impl Into<String>) -> TaskError {
    TaskError { reason: "config".to_owned(), message: message.into(), job: None }
}
