//! What stands behind the `:` of an operator, and the bodies that some operators need.

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::files::WORKFLOW_SUFFIX;
use crate::position::escape;
use crate::suggest::did_you_mean;
use crate::task::{Config, TaskDefinition};
use crate::visit::operator_pointer;

use super::operators::Operator;
use super::options::Around;

/// Keys of the mapping of `for_range>`.
const RANGE_KEYS: &[&str] = &["from", "to", "step", "slices"];

/// Problems of the command and the bodies, placed.
pub(super) fn check(
    operator: &Operator,
    task: &TaskDefinition,
    command: &Value,
    config: &Config,
    around: Around<'_>,
) -> Vec<Diagnostic> {
    let mut problems = Vec::from_iter(body(operator.name, task, config));
    if let Some(expected) = operator.command
        && command.is_null()
    {
        let message = format!("`{}>` has nothing behind it", operator.name);
        let problem = Diagnostic::error(codes::MISSING_OPTION, message);
        let problem = problem.with_help(format!("write {expected}"));
        problems.push(super::at_operator(problem, task));
        return problems;
    }
    match operator.name {
        "bq" => problems.extend(query(task, command, config, around)),
        "loop" => problems.extend(count(task, command)),
        "for_each" => problems.extend(for_each(task, command)),
        "for_range" => problems.extend(for_range(task, command)),
        "if" => problems.extend(condition(task, command)),
        "wait" => problems.extend(duration(task, command)),
        "require" => problems.extend(required_workflow(task, command, config, around)),
        _ => {}
    }
    problems
}

fn body(operator: &str, task: &TaskDefinition, config: &Config) -> Option<Diagnostic> {
    let has = |key: &str| config.get(key).is_some_and(|value| !value.is_null());
    let (missing, help) = match operator {
        "loop" | "for_each" | "for_range" if !has("_do") => {
            ("`_do`", "write `_do:` beside it, with the task to repeat below")
        }
        "if" if !has("_do") && !has("_else_do") => {
            ("`_do` or `_else_do`", "write `_do:` beside it, with the task to run below")
        }
        _ => return None,
    };
    let message = format!("`{operator}>` needs {missing}");
    Some(super::at_operator(Diagnostic::error(codes::NO_BODY, message).with_help(help), task))
}

fn bad(message: String, help: &str) -> Diagnostic {
    Diagnostic::error(codes::BAD_OPTION_VALUE, message).with_help(help)
}

/// A text without expressions.
fn fixed(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.contains("${"))
}

fn query(
    task: &TaskDefinition,
    command: &Value,
    config: &Config,
    around: Around<'_>,
) -> Option<Diagnostic> {
    let has_query = config.get("query").is_some_and(|query| !query.is_null());
    let problem = match command {
        Value::Null if has_query || around.exported.contains("query") => return None,
        Value::Null => Diagnostic::error(codes::MISSING_OPTION, "`bq>` has nothing behind it")
            .with_help("write the path of an SQL file, or `data:` with the SQL itself below it"),
        Value::Object(inline) if inline.contains_key("data") => return None,
        Value::Object(_) => {
            Diagnostic::error(codes::MISSING_OPTION, "`bq>` as a mapping needs `data`")
                .with_help("write `data: |` and the SQL below it")
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return None,
    };
    Some(super::at_operator(problem, task))
}

fn count(task: &TaskDefinition, command: &Value) -> Option<Diagnostic> {
    let is_count = match command {
        Value::Number(number) => number.is_i64(),
        Value::String(text) => text.contains("${") || text.trim().parse::<i64>().is_ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    let problem = || {
        let found = found(command);
        bad(
            format!("`loop>` needs a whole number, but it has {found}"),
            "write how often, such as `loop>: 3`; `for_each>` goes over a list",
        )
    };
    (!is_count).then(|| super::at_command(problem(), task))
}

fn for_each(task: &TaskDefinition, command: &Value) -> Vec<Diagnostic> {
    let Value::Object(variables) = command else {
        let is_json =
            command.as_str().is_some_and(|t| t.contains("${") || t.trim_start().starts_with('{'));
        let message = format!(
            "`for_each>` needs a mapping of variables to lists, but it has {}",
            found(command)
        );
        let help = "write for example `for_each>: {fruit: [apple, orange]}`";
        return if is_json {
            Vec::new()
        } else {
            vec![super::at_command(bad(message, help), task)]
        };
    };
    let bad_lists = variables.iter().filter(|(_, values)| match values {
        Value::Array(_) => false,
        Value::String(text) => !text.contains("${") && !text.trim_start().starts_with('['),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    });
    bad_lists
        .map(|(name, values)| {
            let message =
                format!("`{name}` of `for_each>` must be a list, but it is {}", found(values));
            let problem = bad(message, "write its values in brackets: `[a, b]`");
            let pointer = operator_pointer(task).unwrap_or_default();
            super::at_value(problem, task, &format!("{pointer}/{}", escape(name)))
        })
        .collect()
}

fn for_range(task: &TaskDefinition, command: &Value) -> Vec<Diagnostic> {
    let Value::Object(range) = command else {
        let is_json =
            command.as_str().is_some_and(|t| t.contains("${") || t.trim_start().starts_with('{'));
        let message = format!("`for_range>` needs a mapping, but it has {}", found(command));
        let help = "write for example `for_range>: {from: 0, to: 10, step: 5}`";
        return if is_json {
            Vec::new()
        } else {
            vec![super::at_command(bad(message, help), task)]
        };
    };
    let has = |key: &str| range.get(key).is_some_and(|value| !value.is_null());
    let mut problems = Vec::new();
    for key in ["from", "to"].into_iter().filter(|key| !has(key)) {
        let problem =
            Diagnostic::error(codes::MISSING_OPTION, format!("`for_range>` needs `{key}`"));
        let help = "it counts from `from` up to, but not including, `to`";
        problems.push(super::at_operator(problem.with_help(help), task));
    }
    if has("step") == has("slices") {
        let which = if has("step") { "not both of" } else { "one of" };
        let message = format!("`for_range>` needs {which} `step` and `slices`");
        let help = "`step: 5` makes pieces of 5, `slices: 5` makes 5 pieces";
        let problem = Diagnostic::error(codes::MISSING_OPTION, message).with_help(help);
        problems.push(super::at_operator(problem, task));
    }
    let pointer = operator_pointer(task).unwrap_or_default();
    for key in range.keys().filter(|key| !RANGE_KEYS.contains(&key.as_str())) {
        let problem =
            Diagnostic::warning(codes::UNKNOWN_OPTION, format!("`for_range>` has no key `{key}`"))
                .with_suggestion(did_you_mean(key, RANGE_KEYS.iter().copied()));
        problems.push(super::at_key(problem, task, &format!("{pointer}/{}", escape(key))));
    }
    problems
}

fn condition(task: &TaskDefinition, command: &Value) -> Option<Diagnostic> {
    let text = fixed(command)?;
    if matches!(text, "true" | "True" | "false" | "False" | "") {
        return None;
    }
    let message = format!("`if>` needs `true` or `false`, but it has the text `{text}`");
    let help =
        "write the condition as an expression: `if>: ${...}`; `yes`, `on` and `TRUE` are texts";
    Some(super::at_command(bad(message, help), task))
}

fn duration(task: &TaskDefinition, command: &Value) -> Option<Diagnostic> {
    let text = match command {
        Value::String(text) if text.contains("${") => return None,
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            command.to_string()
        }
    };
    (!is_duration(&text)).then(|| {
        let message = format!("`wait>` needs a duration, but it has `{text}`");
        super::at_command(
            bad(message, "write a number with a unit: `30s`, `10m`, `2h`, `1d 12h`"),
            task,
        )
    })
}

/// `1d 2h 3m 4s`, each part at most once and in this order (digdag `Durations`).
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text.trim();
    if rest.is_empty() {
        return false;
    }
    for unit in ["d", "h", "m", "s"] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let Some(head) = after.get(..1) else { continue };
        if !number.is_empty() && head.eq_ignore_ascii_case(unit) {
            rest = after[1..].trim_start();
        }
    }
    rest.is_empty()
}

fn required_workflow(
    task: &TaskDefinition,
    command: &Value,
    config: &Config,
    around: Around<'_>,
) -> Option<Diagnostic> {
    let name = fixed(command)?;
    let elsewhere = |key: &str| config.contains_key(key) || around.exported.contains(key);
    if elsewhere("project_name") || elsewhere("project_id") {
        return None;
    }
    if around.files.contains(&format!("{name}{WORKFLOW_SUFFIX}")) {
        return None;
    }
    let message = format!("the project has no workflow `{name}`");
    let problem = Diagnostic::error(codes::UNKNOWN_WORKFLOW, message);
    let near = did_you_mean(name, around.files.workflow_names());
    let help = match (near, name.strip_suffix(WORKFLOW_SUFFIX)) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(bare)) => format!("write it without `.dig`: `{bare}`"),
        (None, None) => {
            "write the name of a `.dig` file in the project's top folder, or add `project_name:` of another project".to_owned()
        }
    };
    Some(super::at_command(problem.with_help(help), task))
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_duration;

    #[test]
    fn durations_have_units_in_falling_order() {
        let table = [
            ("10m", true),
            ("1d 2h 3m 4s", true),
            ("1D2H", true),
            ("30 s", true),
            ("30", false),
            ("m", false),
            ("", false),
            ("3s 1d", false),
            ("10 minutes", false),
            ("日", false),
        ];

        for (text, expected) in table {
            assert_eq!(is_duration(text), expected, "{text}");
        }
    }
}
