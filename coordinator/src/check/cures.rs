//! Cures that need a look at the lines around a problem, and one for each problem that came without.

use himekuri_workflow::{Diagnostic, codes};

use super::lines::Texts;

/// The problem with a cure.
pub(super) fn with_cure(problem: Diagnostic, texts: &Texts<'_>) -> Diagnostic {
    let line = problem.source_line.clone().unwrap_or_default();
    let better = match problem.code {
        codes::YAML_SYNTAX => return yaml(problem, &line),
        codes::UNKNOWN_KEY | codes::TASK_NOT_MAPPING => not_indented(&problem, texts),
        _ => None,
    };
    match (better, &problem.help) {
        (Some(cure), _) => problem.with_help(cure),
        (None, Some(_)) => problem,
        (None, None) => {
            let cure = general(&problem).to_owned();
            problem.with_help(cure)
        }
    }
}

/// What the parser says in part, what the line must look like, better words, the cure.
type YamlMistake = (&'static str, fn(&str) -> bool, &'static str, &'static str);

/// What real files get wrong; the first row that fits counts.
const YAML: &[YamlMistake] = &[
    (
        "single-quoted scalar",
        any,
        "the text in quotes ends, but the line goes on",
        "a `'` inside single quotes is written `''`; or use double quotes",
    ),
    (
        "double-quoted scalar",
        any,
        "the text in quotes ends, but the line goes on",
        "a `\"` inside double quotes is written `\\\"`; or use single quotes",
    ),
    (
        "mapping values",
        is_ternary,
        "the ` : ` of the expression is read as a key",
        "put the whole value into quotes",
    ),
    (
        "mapping values",
        is_task,
        "the task is indented deeper than the line above allows",
        "align it with the tasks beside it",
    ),
    (
        "mapping values",
        any,
        "a second `: ` in what is already a value",
        "put a text that holds `: ` into quotes; or the line is indented too deeply",
    ),
    (
        "unknown anchor",
        any,
        "a `*` at the beginning means an alias, and no anchor has this name",
        "put a text that begins with `*` or `&` into quotes",
    ),
    (
        "mismatched bracket",
        any,
        "the brackets do not match",
        "close each `[` with `]` and each `{` with `}`",
    ),
    (
        "flow mapping",
        any,
        "a `,` or a `}` is missing before this",
        "inside `{}` and `[]`, put `${...}` and texts with brackets or commas into quotes",
    ),
    (
        "flow sequence",
        any,
        "a `,` or a `]` is missing before this",
        "inside `{}` and `[]`, put `${...}` and texts with brackets or commas into quotes",
    ),
    (
        "placement of ':'",
        any,
        "a `:` where no key can be",
        "a `[`, `{` or quote in the lines above is not closed",
    ),
    ("tabs disallowed", any, "a tab in the indentation", "indent with spaces only"),
];

fn any(_line: &str) -> bool {
    true
}

fn is_ternary(line: &str) -> bool {
    line.contains("${") && line.contains(" ? ") && line.contains(" : ")
}

fn is_task(line: &str) -> bool {
    line.trim_start().starts_with('+')
}

fn yaml(problem: Diagnostic, line: &str) -> Diagnostic {
    let row = YAML.iter().find(|(words, fits, ..)| problem.message.contains(words) && fits(line));
    match row {
        Some((_, _, words, cure)) => {
            Diagnostic { message: format!("not valid YAML: {words}"), ..problem }.with_help(*cure)
        }
        None => problem,
    }
}

/// An operator that stands beside its task instead of below it.
fn not_indented(problem: &Diagnostic, texts: &Texts<'_>) -> Option<String> {
    let position = problem.position.as_ref()?;
    let lines = texts.get(&position.file)?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let line = lines.line(position.line)?;
    let is_operator = |line: &str| line.split(':').next().is_some_and(|key| key.ends_with('>'));
    let is_task = |line: &str| line.trim_start().starts_with('+') && line.trim_end().ends_with(':');
    let (task, operator) = if is_operator(line) {
        (lines.line(position.line.checked_sub(1)?)?, line)
    } else {
        (line, lines.line(position.line + 1)?)
    };
    let is_beside = is_task(task) && is_operator(operator) && indent(task) == indent(operator);
    let name = task.trim().trim_end_matches(':');
    let operator = operator.trim_start().split(':').next()?;
    is_beside.then(|| format!("indent `{operator}` by two spaces, so that it belongs to `{name}`"))
}

fn general(problem: &Diagnostic) -> &'static str {
    match problem.code {
        codes::ROOT_NOT_MAPPING => {
            "give each task a name: `+hello:` with `echo>: hello` indented below it"
        }
        codes::BAD_INCLUDE => {
            "the file must be in the folder of this one, or below it: copy it, or mount its folder there"
        }
        codes::INCLUDE_CYCLE => "take one `!include` out of the circle",
        codes::FILE_UNREADABLE => "create it, or correct the path",
        codes::BAD_CALL_TARGET => "correct the path: it is read from the folder of this file",
        codes::WRONG_TYPE if problem.message.contains("{limit") => {
            "write `true`, or `{limit: 4}` with a whole number"
        }
        codes::WRONG_TYPE if problem.message.contains("`true`") => {
            "write `true` or `false`: `yes`, `on` and `TRUE` are texts"
        }
        codes::WRONG_TYPE => "write it in the form that the message names",
        codes::BAD_SCHEDULE => "write the time in the form that the message names",
        codes::WITHOUT_EFFECT => "remove one of the two",
        _ => "`himekuri explain` with the code tells more",
    }
}
