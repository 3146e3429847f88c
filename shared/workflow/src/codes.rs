//! The codes of diagnostics. A code never changes its meaning; a retired one is not used again.
//! Each has a page in `docs/errors`.

use serde::Serialize;

/// When a problem is found: by then digdag would have found it too, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Reading files: YAML, includes, limits. digdag refuses the push.
    Load,
    /// Making the task tree. digdag refuses the push.
    Compile,
    /// Looking further than digdag does before a run.
    Lint,
}

/// The text is not YAML.
pub const YAML_SYNTAX: &str = "DIG0001";
/// A file is empty.
pub const EMPTY_FILE: &str = "DIG0002";
/// The root of a file is not a mapping.
pub const ROOT_NOT_MAPPING: &str = "DIG0003";
/// One mapping has a key twice.
pub const DUPLICATE_KEY: &str = "DIG0004";
/// A YAML tag other than `!include` on a key.
pub const UNKNOWN_TAG: &str = "DIG0005";
/// A limit on size or nesting is exceeded.
pub const TOO_LARGE: &str = "DIG0006";
/// A key that cannot be a name.
pub const BAD_KEY: &str = "DIG0007";
/// An `!include` whose path is refused.
pub const BAD_INCLUDE: &str = "DIG0008";
/// Files include one another in a circle.
pub const INCLUDE_CYCLE: &str = "DIG0009";
/// A file is missing or not text.
pub const FILE_UNREADABLE: &str = "DIG0010";
/// A key that a group or the top level does not have.
pub const UNKNOWN_KEY: &str = "DIG0011";
/// An operator that this engine does not have.
pub const UNKNOWN_OPERATOR: &str = "DIG0012";
/// An operator task with children.
pub const OPERATOR_WITH_CHILDREN: &str = "DIG0013";
/// A task with two operators.
pub const TWO_OPERATORS: &str = "DIG0014";
/// A task name that digdag refuses.
pub const BAD_TASK_NAME: &str = "DIG0015";
/// A task that is neither a mapping nor a list of mappings.
pub const TASK_NOT_MAPPING: &str = "DIG0016";
/// A value of the wrong type.
pub const WRONG_TYPE: &str = "DIG0017";
/// Something digdag has and this version does not run yet.
pub const NOT_RUN_YET: &str = "DIG0018";
/// A `_retry` that cannot be read.
pub const BAD_RETRY: &str = "DIG0019";
/// A `call>` target that cannot be called.
pub const BAD_CALL_TARGET: &str = "DIG0020";
/// A workflow name that digdag refuses.
pub const BAD_WORKFLOW_NAME: &str = "DIG0021";
/// A body that a task must have is missing.
pub const NO_BODY: &str = "DIG0022";
/// Something that digdag accepts and ignores.
pub const WITHOUT_EFFECT: &str = "DIG0023";
/// A `schedule:` or `timezone:` that cannot be used.
pub const BAD_SCHEDULE: &str = "DIG0024";
/// A `${...}` that cannot be read.
pub const BROKEN_EXPRESSION: &str = "DIG0025";
/// A `_background` or `_after` that its place does not allow.
pub const MISPLACED_ORDER: &str = "DIG0026";
/// An `sla:` that cannot be used.
pub const BAD_SLA: &str = "DIG0027";

/// An option that the task's operator does not have.
pub const UNKNOWN_OPTION: &str = "DIG0030";
/// An operator lacks something it cannot run without.
pub const MISSING_OPTION: &str = "DIG0031";
/// The value of an option is none that its operator takes.
pub const BAD_OPTION_VALUE: &str = "DIG0032";
/// The name of a BigQuery table or dataset that BigQuery refuses.
pub const BAD_TABLE: &str = "DIG0033";
/// A `${...}` uses a name that nothing defines.
pub const UNDEFINED_VARIABLE: &str = "DIG0034";
/// A `${...}` uses a name that stands further below.
pub const FORWARD_REFERENCE: &str = "DIG0035";
/// A `${...}` in a mapping within a mapping sees the unevaluated text of an outer variable.
pub const RAW_OUTER_VALUE: &str = "DIG0036";
/// A number with a leading zero.
pub const OCTAL_NUMBER: &str = "DIG0037";
/// An exported value uses a loop variable that an inner loop sets again.
pub const LAZY_EXPORT: &str = "DIG0038";
/// A moment is printed without `format`.
pub const MOMENT_WITHOUT_FORMAT: &str = "DIG0039";
/// An expression assigns where it probably means to compare.
pub const ASSIGNMENT: &str = "DIG0040";
/// Dollar signs before `${` that do not do what they seem to do.
pub const DOLLAR_BEFORE_EXPRESSION: &str = "DIG0041";
/// `_retry` on a BigQuery task: it works here, and does not in digdag.
pub const RETRY_ON_BQ: &str = "DIG0042";
/// `_check` on a group: it runs here, and does not in digdag.
pub const CHECK_ON_GROUP: &str = "DIG0043";
/// A brace within quotes ends an expression.
pub const BRACE_IN_QUOTES: &str = "DIG0044";
/// A mapping below an `!include` replaces the included one as a whole.
pub const INCLUDE_REPLACED: &str = "DIG0045";
/// A `.dig` file that nothing in the project calls or includes.
pub const UNREACHABLE_FILE: &str = "DIG0046";
/// The workflow of a `require>` is not in the project.
pub const UNKNOWN_WORKFLOW: &str = "DIG0047";
/// A file or link that cannot be part of a project.
pub const BAD_PROJECT_FILE: &str = "DIG0048";
/// A variable of the session that this workflow does not have.
pub const NO_SUCH_SESSION_VARIABLE: &str = "DIG0049";
/// An expression that digdag's JavaScript refuses.
pub const NEWER_JAVASCRIPT: &str = "DIG0050";

/// All codes with their kind and their meaning in one line, for `docs` and for the reader of a code.
pub const TABLE: &[(&str, Kind, &str)] = &[
    (YAML_SYNTAX, Kind::Load, "the file is not valid YAML"),
    (EMPTY_FILE, Kind::Load, "the file is empty; a `.dig` file holds at least one task"),
    (ROOT_NOT_MAPPING, Kind::Load, "the file must hold a mapping (`key: value` lines) at its top"),
    (
        DUPLICATE_KEY,
        Kind::Load,
        "a mapping has the same key twice; only `!include :` may be repeated",
    ),
    (
        UNKNOWN_TAG,
        Kind::Load,
        "only `!include`, as a key, and YAML's own simple types are known as tags",
    ),
    (TOO_LARGE, Kind::Load, "a file, its nesting, or what it includes and repeats exceeds a limit"),
    (BAD_KEY, Kind::Load, "a key is empty"),
    (
        BAD_INCLUDE,
        Kind::Load,
        "the path of an `!include` must be a file below the including file's folder",
    ),
    (INCLUDE_CYCLE, Kind::Load, "files include one another in a circle"),
    (FILE_UNREADABLE, Kind::Load, "a file is not in the project, or is not UTF-8 text"),
    (
        UNKNOWN_KEY,
        Kind::Compile,
        "a group, or the top of a workflow, has a key that means nothing there",
    ),
    (UNKNOWN_OPERATOR, Kind::Lint, "no operator has this name"),
    (
        OPERATOR_WITH_CHILDREN,
        Kind::Compile,
        "a task with an operator cannot have `+tasks` of its own",
    ),
    (TWO_OPERATORS, Kind::Compile, "a task can have one operator only"),
    (
        BAD_TASK_NAME,
        Kind::Compile,
        "a task's name holds a character that is not allowed, or is too long",
    ),
    (
        TASK_NOT_MAPPING,
        Kind::Compile,
        "the value of a `+task` must be a mapping, or a list of mappings",
    ),
    (WRONG_TYPE, Kind::Compile, "a value has the wrong type"),
    (NOT_RUN_YET, Kind::Lint, "digdag has it, but this engine does not run it"),
    (
        BAD_RETRY,
        Kind::Compile,
        "`_retry` must be a number or `{limit, interval, interval_type, max_interval}`",
    ),
    (BAD_CALL_TARGET, Kind::Lint, "the file of a `call>` must be a `.dig` file inside the project"),
    (
        BAD_WORKFLOW_NAME,
        Kind::Compile,
        "a workflow's name begins with no digit or sign and has at most 255 characters",
    ),
    (NO_BODY, Kind::Compile, "a task that needs a body, such as `_do`, has none"),
    (WITHOUT_EFFECT, Kind::Lint, "it is accepted, but has no effect where it stands"),
    (BAD_SCHEDULE, Kind::Compile, "`schedule:` or `timezone:` has a form that cannot be used"),
    (
        BROKEN_EXPRESSION,
        Kind::Lint,
        "a `${...}` is not closed, or holds something that is not JavaScript",
    ),
    (MISPLACED_ORDER, Kind::Compile, "`_background` or `_after` stands where it has no place"),
    (BAD_SLA, Kind::Compile, "`sla:` needs one of `time` and `duration`"),
    (UNKNOWN_OPTION, Kind::Lint, "the operator has no option of this name"),
    (MISSING_OPTION, Kind::Lint, "the operator lacks an option that it cannot run without"),
    (BAD_OPTION_VALUE, Kind::Lint, "an option has a value that its operator does not take"),
    (BAD_TABLE, Kind::Lint, "the name of a table or dataset is none that BigQuery takes"),
    (UNDEFINED_VARIABLE, Kind::Lint, "a `${...}` uses a name that nothing defines there"),
    (FORWARD_REFERENCE, Kind::Lint, "a `${...}` uses a name that is only evaluated further below"),
    (
        RAW_OUTER_VALUE,
        Kind::Lint,
        "a `${...}` inside a nested mapping sees an outer variable before it is evaluated",
    ),
    (OCTAL_NUMBER, Kind::Lint, "a number with a leading zero is octal, or not a number at all"),
    (LAZY_EXPORT, Kind::Lint, "an exported value changes with the variable of an inner loop"),
    (MOMENT_WITHOUT_FORMAT, Kind::Lint, "a moment without `.format()` prints a quoted time in UTC"),
    (ASSIGNMENT, Kind::Lint, "`=` assigns; `==` compares"),
    (
        DOLLAR_BEFORE_EXPRESSION,
        Kind::Lint,
        "`$$` before `${` neither protects it nor stays as it is",
    ),
    (
        RETRY_ON_BQ,
        Kind::Lint,
        "`_retry` on a BigQuery task starts a new job here; in digdag it looks at the failed one again",
    ),
    (CHECK_ON_GROUP, Kind::Lint, "`_check` on a group runs here; digdag ignores it"),
    (BRACE_IN_QUOTES, Kind::Lint, "a brace inside quotes ends, or prolongs, the `${...}`"),
    (
        INCLUDE_REPLACED,
        Kind::Lint,
        "a mapping below an `!include` drops the included mapping of the same name",
    ),
    (UNREACHABLE_FILE, Kind::Lint, "nothing in the project calls or includes this file"),
    (UNKNOWN_WORKFLOW, Kind::Lint, "the project has no workflow of this name"),
    (BAD_PROJECT_FILE, Kind::Load, "a file or link cannot be part of a project"),
    (NO_SUCH_SESSION_VARIABLE, Kind::Lint, "a session variable that only some workflows have"),
    (
        NEWER_JAVASCRIPT,
        Kind::Lint,
        "an expression holds what digdag's JavaScript, ES5, does not have",
    ),
];

/// When problems of this code are found; `None` for no code of the table.
#[must_use]
pub fn kind_of(code: &str) -> Option<Kind> {
    TABLE.iter().find(|(known, ..)| *known == code).map(|(_, kind, _)| *kind)
}

/// What the code means, in one line.
#[must_use]
pub fn meaning_of(code: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, ..)| *known == code).map(|(.., meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
