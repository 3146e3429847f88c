//! Names that digdag accepts (`ModelValidator`).

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::position::Position;
use crate::yaml::Span;

/// Longest name of a task, a workflow or a project, UTF-16 units as Java counts.
const MAX_LENGTH: usize = 255;

/// What a task's name may hold after its `+`, beside letters and digits of ASCII.
const TASK_NAME_SIGNS: &str = "-_=[]{}%&@`,.^";

/// What a workflow's or project's name may not begin with. digdag means to forbid them anywhere, but
/// looks at the first character only.
const NOT_FIRST: &str = "+^@/\\:*?\"<>|";

/// Why a workflow or a project cannot have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It begins with a digit.
    #[error("begins with a digit")]
    Digit,
    /// It begins with a sign that has a meaning elsewhere.
    #[error("begins with one of + ^ @ / \\ : * ? \" < > |")]
    Sign,
    /// It ends with `.dig`.
    #[error("ends with `.dig`")]
    Suffix,
    /// It is too long.
    #[error("is longer than 255 characters")]
    Long,
}

/// Whether digdag accepts a name for a project; the rules for a workflow's name are the same.
///
/// # Errors
/// The first rule that the name breaks.
pub fn check_project_name(name: &str) -> Result<(), NameProblem> {
    let first = name.chars().next().ok_or(NameProblem::Empty)?;
    if first.is_ascii_digit() {
        Err(NameProblem::Digit)
    } else if NOT_FIRST.contains(first) {
        Err(NameProblem::Sign)
    } else if name.ends_with(".dig") {
        Err(NameProblem::Suffix)
    } else if is_too_long(name) {
        Err(NameProblem::Long)
    } else {
        Ok(())
    }
}

fn is_too_long(name: &str) -> bool {
    name.encode_utf16().count() > MAX_LENGTH
}

/// Checks a task's own name; one that the engine gave (`^sub`, `^sub` children) passes by the same
/// rule.
pub(super) fn check_task(
    name: &str,
    full_name: &str,
    key_span: &Span,
    problems: &mut Vec<Diagnostic>,
) {
    let rest = name.strip_prefix(['+', '^']).unwrap_or(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || TASK_NAME_SIGNS.contains(c);
    let error = if is_too_long(name) {
        let message = format!("the task name is longer than {MAX_LENGTH} characters");
        key_span.error(codes::BAD_TASK_NAME, message).with_help("give it a shorter name")
    } else if let Some(bad) = rest.chars().find(|c| !allowed(*c)) {
        let message = format!("`{bad}` is not allowed in the task name `{name}`");
        key_span
            .error(codes::BAD_TASK_NAME, message)
            .with_help(format!("use letters, digits and {TASK_NAME_SIGNS}"))
    } else {
        return;
    };
    problems.push(error.in_task(full_name));
}

/// The tasks directly in a file may not look like those that the engine adds.
pub(super) fn check_top_task(name: &str, key_span: &Span, problems: &mut Vec<Diagnostic>) {
    if name.contains('^') {
        let message = format!("`^` is not allowed in the task name `{name}` at the top of a file");
        problems.push(
            key_span
                .error(codes::BAD_TASK_NAME, message)
                .in_task(name)
                .with_help("use another sign: `^` marks tasks that the engine adds"),
        );
    }
}

/// Checks a workflow's name; that of a called file is its path without `.dig`.
pub(super) fn check_workflow(name: &str, position: &Position, problems: &mut Vec<Diagnostic>) {
    if let Err(problem) = check_project_name(name) {
        problems.push(
            Diagnostic::error(
                codes::BAD_WORKFLOW_NAME,
                format!("the workflow cannot be named `{name}`: the name {problem}"),
            )
            .at(position.clone())
            .with_help("rename the file"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{NameProblem, check_project_name};

    #[test]
    fn names_of_projects_are_judged_as_digdag_judges_them() {
        let long = "x".repeat(256);
        let refused = [
            ("", NameProblem::Empty),
            ("1st", NameProblem::Digit),
            ("+a", NameProblem::Sign),
            ("|a", NameProblem::Sign),
            ("a.dig", NameProblem::Suffix),
            (&long, NameProblem::Long),
        ];
        for (name, problem) in refused {
            assert_eq!(check_project_name(name), Err(problem), "{name}");
        }
        for name in ["a", "a+b", "a/b c", "日本", "-a", "x1", &long[1..]] {
            assert_eq!(check_project_name(name), Ok(()), "{name}");
        }
    }
}
