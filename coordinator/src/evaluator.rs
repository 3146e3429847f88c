//! The engine's [`Evaluate`] by the template crate's JavaScript.

use himekuri_engine::{Config, Evaluate, EvaluateError, SessionClock};
use himekuri_schedule::time_zone;
use himekuri_template::{Evaluator, Limits, Scope, StartError};
use jiff::tz::TimeZone;

/// Evaluates expressions in one JavaScript context; stays on its thread.
pub struct ScriptEvaluator {
    inner: Evaluator,
    /// The zone of the last evaluation with its name: thousands of tasks in a row have the same.
    zone: Option<(String, TimeZone)>,
}

impl ScriptEvaluator {
    /// Starts the JavaScript engine.
    ///
    /// # Errors
    /// The engine does not start.
    pub fn new(limits: Limits) -> Result<Self, StartError> {
        Ok(Self { inner: Evaluator::new(limits)?, zone: None })
    }
}

impl Evaluate for ScriptEvaluator {
    fn evaluate(
        &mut self,
        clock: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        let scope = self.scope(clock)?;
        self.inner.evaluate(&scope, params, local).map_err(convert)
    }

    fn render(
        &mut self,
        clock: SessionClock<'_>,
        text: &str,
        params: &Config,
    ) -> Result<String, EvaluateError> {
        let scope = self.scope(clock)?;
        self.inner.render(&scope, text, params).map_err(convert)
    }
}

impl ScriptEvaluator {
    fn scope(&mut self, clock: SessionClock<'_>) -> Result<Scope, EvaluateError> {
        let time_zone = match &self.zone {
            Some((name, zone)) if name == clock.timezone => zone.clone(),
            Some(_) | None => {
                let zone = time_zone(clock.timezone).map_err(|error| EvaluateError {
                    pointer: String::new(),
                    offset: 0,
                    message: error.to_string(),
                })?;
                self.zone = Some((clock.timezone.to_owned(), zone.clone()));
                zone
            }
        };
        Ok(Scope { now: clock.now, time_zone })
    }
}

fn convert(error: himekuri_template::EvaluateError) -> EvaluateError {
    let message = error.to_string();
    EvaluateError { pointer: error.pointer, offset: error.offset, message }
}
