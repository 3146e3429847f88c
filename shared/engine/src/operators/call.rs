//! `call>`: another file's tasks as subtasks.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use himekuri_workflow::compile_called;

use super::Parameters;
use crate::context::Context;
use crate::record::Expansion;

pub(crate) fn call(
    parameters: &Parameters<'_>,
    context: &Context<'_>,
) -> Result<Expansion, TaskError> {
    let Some(target) = parameters.text("call>")? else {
        return Err(parameters.error("call>", "`call>` needs the file to call"));
    };
    let workdir = &parameters.task.definition.workdir;
    let definition = compile_called(context.files, workdir, &target)
        .map_err(|diagnostics| parameters.error("call>", diagnostics))?;
    Ok(Expansion::Sub {
        definition: Arc::new(definition),
    })
}
