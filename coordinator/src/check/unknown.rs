//! The words for names that do not mean what they seem to.

use std::collections::BTreeSet;

use himekuri_workflow::{Diagnostic, Position, codes, did_you_mean};

use super::facts::{SCHEDULE_VARIABLES, SESSION_VARIABLES};
use super::scope::{Place, Scope, Variable};
use super::wording::shortened;

/// The text of a variable where its value was meant.
pub(super) fn raw(name: &str, variable: &Variable, place: Place<'_>) -> Option<Diagnostic> {
    let text = shortened(variable.raw.as_deref()?);
    // What `for_each>` takes as text becomes a variable of its body, where it is evaluated after all.
    if place.before.is_some() && place.top == "for_each>" {
        return None;
    }
    if place.before.is_some() {
        let message = format!(
            "inside a nested mapping `{name}` is not evaluated yet: its text `{text}` comes out"
        );
        let help = match place.top {
            "bq>" => "write the expression itself here, or put the SQL into a file: a file sees evaluated variables".to_owned(),
            top if top.ends_with('>') => "write the expression itself here".to_owned(),
            top => format!("write the expression itself here, or move the key out of `{top}`"),
        };
        return Some(Diagnostic::warning(codes::RAW_OUTER_VALUE, message).with_help(help));
    }
    if place.top == name {
        let message = format!("`{name}` refers to itself: its own text `{text}` comes out");
        let help =
            "a variable of the same name around it is hidden here; give one of them another name";
        return Some(Diagnostic::warning(codes::FORWARD_REFERENCE, message).with_help(help));
    }
    let message = format!(
        "`{name}` comes later{} and is not evaluated yet: its text `{text}` comes out",
        line_of(variable)
    );
    let help = format!("variables are evaluated once, in order: write `{name}` above this one");
    Some(Diagnostic::warning(codes::FORWARD_REFERENCE, message).with_help(help))
}

/// A key of the task itself, further below.
pub(super) fn later(name: &str, variable: &Variable, is_itself: bool) -> Diagnostic {
    if is_itself {
        let message = format!("`{name}` refers to itself, and nothing else defines it");
        return Diagnostic::warning(codes::FORWARD_REFERENCE, message)
            .with_help("write its value, or define the name in an `_export` around the task");
    }
    let message = format!(
        "`{name}` is not known yet: the task defines it further below{}",
        line_of(variable)
    );
    Diagnostic::warning(codes::FORWARD_REFERENCE, message)
        .with_help(format!("write `{name}` above this key, or in `_export`"))
}

/// A key of the task, seen from a mapping inside it.
pub(super) fn key_of_task(name: &str) -> Diagnostic {
    let message = format!(
        "`{name}` is a key of the task itself, which a mapping inside the task does not see"
    );
    Diagnostic::warning(codes::UNDEFINED_VARIABLE, message)
        .with_help(format!("move `{name}` into the task's `_export`"))
}

/// A variable that only scheduled sessions have.
pub(super) fn needs_schedule(name: &str) -> Diagnostic {
    let message =
        format!("`{name}` exists only in a workflow with `schedule:`, and this one has none");
    let help = match name.strip_prefix("last_") {
        Some(session) => format!(
            "add a schedule, start it with `-p {name}=...`, or compute it from `{session}` with `moment`"
        ),
        None => format!(
            "add a schedule, start it with `-p {name}=...`, or compute it with `moment(session_time)`"
        ),
    };
    Diagnostic::warning(codes::NO_SUCH_SESSION_VARIABLE, message).with_help(help)
}

/// A variable that only repeated attempts have.
pub(super) fn needs_retry(name: &str) -> Diagnostic {
    let message =
        format!("`{name}` exists only when a session is run again, so the first run fails here");
    let help = format!("write `${{typeof {name} === 'undefined' ? '' : {name}}}`");
    Diagnostic::warning(codes::NO_SUCH_SESSION_VARIABLE, message).with_help(help)
}

/// A subtraction that was meant as a name.
pub(super) fn name_with_dash(expression: &str) -> Diagnostic {
    let message = format!("`{expression}` is a subtraction, and not all of its names are defined");
    Diagnostic::warning(codes::UNDEFINED_VARIABLE, message).with_help(format!(
        "a name holds no `-`: rename it with `_`; a key of a mapping is `${{map['{expression}']}}`"
    ))
}

/// A filter of other template languages.
pub(super) fn filter(expression: &str) -> Diagnostic {
    let message = format!("`{expression}` is an or of bits, and not all of its names are defined");
    Diagnostic::warning(codes::UNDEFINED_VARIABLE, message).with_help(
        "there are no filters: call a method, such as `${name.toUpperCase()}`; a default is written with `||`",
    )
}

/// A name that nothing defines.
pub(super) fn undefined(
    name: &str,
    scope: &Scope,
    stored: &BTreeSet<String>,
    elsewhere: Option<&Position>,
) -> Diagnostic {
    let problem = |message: String| Diagnostic::warning(codes::UNDEFINED_VARIABLE, message);
    if let Some(position) = elsewhere {
        let message = format!(
            "`{name}` is not defined here: it is exported in {position}, which is not around this task"
        );
        return problem(message)
            .with_help("an `_export` reaches its own task and the tasks below it: move it to a task around both");
    }
    let message = format!("`{name}` is not defined");
    let here = scope.names();
    let known = here
        .iter()
        .copied()
        .chain(SESSION_VARIABLES.iter().copied())
        .chain(SCHEDULE_VARIABLES.iter().copied())
        .chain(stored.iter().map(String::as_str));
    let help = match (name, did_you_mean(name, known)) {
        ("i", None) => "`i` is set by `loop>`, for the tasks in its `_do`".to_owned(),
        ("range", None) => "`range` is set by `for_range>`, for the tasks in its `_do`".to_owned(),
        ("error", None) => "`error` is set for the tasks of an `_error`".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => {
            format!("define it in an `_export` around the task, or start with `-p {name}=...`")
        }
    };
    problem(message).with_help(help)
}

fn line_of(variable: &Variable) -> String {
    variable.position.as_ref().map(|position| format!(" ({position})")).unwrap_or_default()
}
