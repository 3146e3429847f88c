//! What the engine needs from outside to decide: the project's files and an evaluator of expressions.

use himekuri_workflow::ProjectFiles;
use jiff::Timestamp;

use crate::Config;

/// Borrowed for the length of one decision.
pub struct Context<'a> {
    /// The attempt's revision.
    pub files: &'a ProjectFiles,
    /// Evaluates `${...}`.
    pub evaluator: &'a mut dyn Evaluate,
}

/// What an expression can see of time.
#[derive(Clone, Copy, Debug)]
pub struct SessionClock<'a> {
    /// What `moment()` answers.
    pub now: Timestamp,
    /// Zone of the workflow.
    pub timezone: &'a str,
}

/// Evaluates expressions as digdag's `ConfigEvalEngine` does.
pub trait Evaluate {
    /// Evaluates `params` and then `local`, in order, into one map.
    ///
    /// # Errors
    /// The first expression that fails.
    fn evaluate(
        &mut self,
        clock: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError>;

    /// Renders a text file with evaluated `params`.
    ///
    /// # Errors
    /// The first expression that fails.
    fn render(
        &mut self,
        clock: SessionClock<'_>,
        text: &str,
        params: &Config,
    ) -> Result<String, EvaluateError>;
}

/// A failed expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluateError {
    /// JSON pointer of the parameter, or empty for a text.
    pub pointer: String,
    /// Byte offset of the `${` in its text.
    pub offset: usize,
    /// What is wrong with which expression, and the cure.
    pub message: String,
}
