//! Names that digdag accepts (`ModelValidator`).

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::position::Position;
use crate::yaml::Span;

/// Longest name of a task or a workflow, characters.
const MAX_CHARS: usize = 255;

/// What a task's name may hold after its `+`, beside letters and digits of ASCII.
const TASK_NAME_SIGNS: &str = "-_=[]{}%&@`,.^";

/// Checks a task's own name; one that the engine gave (`^sub`, `^sub` children) passes by the same
/// rule.
pub(super) fn check_task(
    name: &str,
    full_name: &str,
    key_span: &Span,
    problems: &mut Vec<Diagnostic>,
) {
    let rest = name.strip_prefix(['+', '^']).unwrap_or(name);
    let problem = if rest.is_empty() {
        Some("a task needs a name after the `+`".to_owned())
    } else if name.chars().count() > MAX_CHARS {
        Some(format!("the task name is longer than {MAX_CHARS} characters"))
    } else {
        let allowed = |c: char| c.is_ascii_alphanumeric() || TASK_NAME_SIGNS.contains(c);
        rest.chars()
            .find(|c| !allowed(*c))
            .map(|bad| format!("`{bad}` is not allowed in the task name `{name}`"))
    };
    if let Some(message) = problem {
        problems.push(
            key_span
                .error(codes::BAD_TASK_NAME, message)
                .in_task(full_name)
                .with_help(format!("use letters, digits and {TASK_NAME_SIGNS}")),
        );
    }
}

/// Checks a workflow's name.
pub(super) fn check_workflow(name: &str, position: &Position, problems: &mut Vec<Diagnostic>) {
    let problem = if name.is_empty() {
        Some("the workflow has no name: the file is called `.dig`")
    } else if name.starts_with(|c: char| c.is_ascii_digit()) {
        Some("a workflow name cannot begin with a digit")
    } else if name.ends_with(".dig") {
        Some("a workflow name cannot end with `.dig`")
    } else if name.chars().count() > MAX_CHARS {
        Some("the workflow name is longer than 255 characters")
    } else {
        None
    };
    if let Some(message) = problem {
        problems.push(
            Diagnostic::error(codes::BAD_WORKFLOW_NAME, message)
                .at(position.clone())
                .with_help("rename the file"),
        );
    }
}
