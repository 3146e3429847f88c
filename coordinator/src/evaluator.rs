//! The engine's [`Evaluate`] by the template crate's JavaScript.

use himekuri_engine::{Config, Evaluate, EvaluateError, SessionClock};
use himekuri_schedule::time_zone;
use himekuri_template::{Evaluator, Limits, Scope, StartError};

/// Evaluates expressions in one JavaScript context; stays on its thread.
pub struct ScriptEvaluator {
    inner: Evaluator,
}

impl ScriptEvaluator {
    /// Starts the JavaScript engine with the default limits.
    ///
    /// # Errors
    /// The engine does not start.
    pub fn new() -> Result<Self, StartError> {
        Ok(Self { inner: Evaluator::new(Limits::default())? })
    }
}

impl Evaluate for ScriptEvaluator {
    fn evaluate(
        &mut self,
        clock: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        self.inner.evaluate(&scope(clock)?, params, local).map_err(convert)
    }

    fn render(
        &mut self,
        clock: SessionClock<'_>,
        text: &str,
        params: &Config,
    ) -> Result<String, EvaluateError> {
        self.inner.render(&scope(clock)?, text, params).map_err(convert)
    }
}

fn scope(clock: SessionClock<'_>) -> Result<Scope, EvaluateError> {
    let time_zone = time_zone(clock.timezone).map_err(|error| EvaluateError {
        pointer: String::new(),
        offset: 0,
        message: error.to_string(),
    })?;
    Ok(Scope { now: clock.now, time_zone })
}

fn convert(error: himekuri_template::EvaluateError) -> EvaluateError {
    let message = error.to_string();
    EvaluateError { pointer: error.pointer, offset: error.offset, message }
}
