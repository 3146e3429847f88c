//! `call>`: another file's tasks as subtasks.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use himekuri_workflow::{TaskDefinition, compile_called};

use super::{Control, Parameters};
use crate::context::Context;
use crate::record::Expansion;

pub(super) fn call(
    parameters: &Parameters<'_>,
    context: &Context<'_>,
) -> Result<Control, TaskError> {
    let key = parameters.command_key("call>");
    let Some(target) = parameters.text(key)? else {
        return Err(parameters.error(key, "`call>` needs the file to call"));
    };
    let definition = compile_called(context.files, parameters.workdir(), &target)
        .map_err(|diagnostics| parameters.error(key, diagnostics))?;
    refuse_endless(parameters, key, &definition)?;
    Ok(Control::Expand(Expansion::Sub { definition: Arc::new(definition) }))
}

/// A file that calls itself, at once or through others, would grow the tree for ever: nothing inside it can end the
/// chain. digdag stops it at 1,000 tasks; there is no such cap here.
fn refuse_endless(
    parameters: &Parameters<'_>,
    key: &str,
    called: &TaskDefinition,
) -> Result<(), TaskError> {
    let file = &called.position.file;
    let path = parameters.attempt.path(parameters.task);
    if path.iter().all(|above| above.definition.position.file != *file) {
        return Ok(());
    }
    let message = format!("`{file}` is called from within itself and would never end");
    Err(parameters.error(key, message))
}
