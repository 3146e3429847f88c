//! One JavaScript engine for all coordinators of a thread: its start takes longer than the rest of a coordinator's life.
//! Evaluations leave nothing behind in it, so seeds remain independent of each other.

use std::cell::RefCell;
use std::rc::Rc;

use himekuri_coordinator::{CoordinatorConfig, ScriptEvaluator};
use himekuri_engine::{Config, Evaluate, EvaluateError, SessionClock};

thread_local! {
    static OF_THREAD: RefCell<Option<SharedEvaluator>> = const { RefCell::new(None) };
}

#[derive(Clone)]
pub(crate) struct SharedEvaluator(Rc<RefCell<ScriptEvaluator>>);

impl SharedEvaluator {
    /// The thread's evaluator, with the limits of the one who asked first.
    pub(crate) fn of_thread(config: &CoordinatorConfig) -> anyhow::Result<Self> {
        OF_THREAD.with_borrow_mut(|of_thread| match of_thread {
            Some(evaluator) => Ok(evaluator.clone()),
            None => {
                let evaluator = ScriptEvaluator::new(config.expressions)?;
                let evaluator = Self(Rc::new(RefCell::new(evaluator)));
                Ok(of_thread.insert(evaluator).clone())
            }
        })
    }
}

impl Evaluate for SharedEvaluator {
    fn evaluate(
        &mut self,
        clock: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        self.0.borrow_mut().evaluate(clock, params, local)
    }

    fn render(
        &mut self,
        clock: SessionClock<'_>,
        text: &str,
        params: &Config,
    ) -> Result<String, EvaluateError> {
        self.0.borrow_mut().render(clock, text, params)
    }
}
