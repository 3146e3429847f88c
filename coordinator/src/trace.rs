//! The trace of an attempt: from the request that started it, through its tasks, to the workers.
//!
//! An attempt's summary says in which trace it is. The ids of all its spans follow from that and from their names, so that nothing
//! else needs to be remembered, and a coordinator that took over means the same spans as the one before.

use std::cell::Cell;

use himekuri_protocol::{AttemptId, TaskId};
use himekuri_telemetry::export::traces;
use himekuri_telemetry::trace::TraceContext;

pub(crate) mod spans;

tokio::task_local! {
    /// The request that is being answered, for the first attempt that it starts.
    static REQUEST: Cell<Option<TraceContext>>;
}

/// Answers a request in its trace.
pub(crate) async fn within<T>(request: Option<TraceContext>, answer: impl Future<Output = T>) -> T {
    REQUEST.scope(Cell::new(request), answer).await
}

/// A trace that begins here.
pub(crate) fn begin(ratio: f64) -> TraceContext {
    TraceContext::begin(uuid::Uuid::new_v4().as_u128(), ratio)
}

/// Where a new attempt belongs: in the trace of the request that starts it, if it is the first one, so that each trace has one
/// attempt; else in one of its own. Nothing while nobody takes traces.
pub(crate) fn of_new_attempt(ratio: f64) -> Option<String> {
    if !traces() {
        return None;
    }
    let request = REQUEST.try_with(Cell::take).ok().flatten();
    Some(request.unwrap_or_else(|| begin(ratio)).to_string())
}

/// Spans of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptTrace {
    /// The request, or the beginning of the trace.
    pub(crate) parent: TraceContext,
    id: AttemptId,
}

impl AttemptTrace {
    /// From what the attempt's summary says.
    pub(crate) fn of(id: AttemptId, trace: Option<&str>) -> Option<Self> {
        Some(Self { parent: trace?.parse().ok()?, id })
    }

    pub(crate) fn attempt(&self) -> TraceContext {
        self.parent.below(&format!("attempt {}", self.id))
    }

    pub(crate) fn task(&self, task: TaskId) -> TraceContext {
        self.parent.below(&format!("task {}-{task}", self.id))
    }

    /// `message` names the try: `WorkerMessage::id`.
    pub(crate) fn try_of(&self, message: &str) -> TraceContext {
        self.parent.below(&format!("try {message}"))
    }
}
