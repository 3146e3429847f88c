//! `for_range>`: its `_do` for each slice of a range of numbers.

use himekuri_protocol::TaskError;
use serde_json::Value;

use super::iterations::{Iterations, bounded};
use super::parameters::whole_number;
use super::{Control, Parameters};
use crate::Config;
use crate::record::Expansion;

pub(super) fn for_range(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("for_range>");
    let fields = parameters.nested(key)?;
    let from = required(parameters, key, &fields, "from")?;
    let to = required(parameters, key, &fields, "to")?;
    let step = number(parameters, key, &fields, "step")?;
    let slices = number(parameters, key, &fields, "slices")?;
    let length = (i128::from(to) - i128::from(from)).max(0);
    let step = match (step, slices) {
        (Some(step), None) => i128::from(at_least_one(parameters, key, "step", step)?),
        (None, Some(slices)) => {
            let slices = i128::from(at_least_one(parameters, key, "slices", slices)?);
            (length + slices - 1) / slices
        }
        (Some(_), Some(_)) => {
            let message = "`for_range>` has both `step` and `slices`; keep one of them";
            return Err(parameters.error(key, message));
        }
        (None, None) => {
            return Err(parameters.error(key, "`for_range>` needs `step` or `slices`"));
        }
    };
    let step = step.max(1);
    bounded(parameters, key, "for_range", (length + step - 1) / step)?;
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let Iterations { parallel, body } = Iterations::read(parameters, "+range")?;
    Ok(Control::Expand(Expansion::ForRange { from, to, step, parallel, body }))
}

fn required(
    parameters: &Parameters<'_>,
    key: &str,
    fields: &Config,
    field: &str,
) -> Result<i64, TaskError> {
    number(parameters, key, fields, field)?.ok_or_else(|| {
        parameters.error(key, format!("`for_range>` needs `{field}`, a whole number"))
    })
}

fn number(
    parameters: &Parameters<'_>,
    key: &str,
    fields: &Config,
    field: &str,
) -> Result<Option<i64>, TaskError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => whole_number(value).map(Some).ok_or_else(|| {
            let message =
                format!("`{field}` of `for_range>` must be a whole number, not `{value}`");
            parameters.error(key, message)
        }),
    }
}

fn at_least_one(
    parameters: &Parameters<'_>,
    key: &str,
    field: &str,
    number: i64,
) -> Result<i64, TaskError> {
    if number >= 1 {
        return Ok(number);
    }
    let message = format!("`{field}` of `for_range>` must be at least 1, not {number}");
    Err(parameters.error(key, message))
}
