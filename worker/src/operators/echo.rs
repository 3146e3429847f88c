//! `echo>`: the message goes to the worker's log.

use himekuri_protocol::{Outcome, StoreParams, TaskMessage};

pub(crate) fn run(task: &TaskMessage, message: &str) -> Outcome {
    tracing::info!(attempt.id = %task.attempt, task.name = %task.task_name, "{message}");
    Outcome::Succeeded { store_params: StoreParams::new(), job: None }
}
