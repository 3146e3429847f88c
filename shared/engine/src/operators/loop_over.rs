//! `loop>`: its `_do` as many times as it says, with `i` from 0.

use himekuri_protocol::TaskError;

use super::iterations::{Iterations, bounded};
use super::{Control, Parameters};
use crate::record::Expansion;

pub(super) fn loop_over(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("loop>");
    let wrong = |key: &str, text: &str| {
        let message = format!("`loop>` needs a whole number of iterations, not `{text}`");
        parameters.error(key, message)
    };
    let command = parameters.whole_number(key, wrong)?;
    // digdag: `count` beats the command, which must be a number all the same.
    let count = match parameters.whole_number("count", wrong)? {
        Some(count) => count,
        None => command.ok_or_else(|| wrong(key, ""))?,
    };
    let count = bounded(parameters, key, "loop", i128::from(count))?;
    let Iterations { parallel, body } = Iterations::read(parameters, "+loop")?;
    Ok(Control::Expand(Expansion::Loop { count, parallel, body }))
}
