//! The codes of diagnostics. A code never changes its meaning; a retired one is not used again.

/// The text is not YAML.
pub const YAML_SYNTAX: &str = "DIG0001";
/// A file is empty.
pub const EMPTY_FILE: &str = "DIG0002";
/// The root of a file is not a mapping.
pub const ROOT_NOT_MAPPING: &str = "DIG0003";
/// One mapping has a key twice.
pub const DUPLICATE_KEY: &str = "DIG0004";
/// A YAML tag other than `!include` on a key and YAML's own simple types.
pub const UNKNOWN_TAG: &str = "DIG0005";
/// A limit on size, nesting or number is exceeded.
pub const TOO_LARGE: &str = "DIG0006";
/// An empty key.
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
/// Something digdag has and this engine does not run.
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

/// All codes with their meaning in one line, for `docs` and for the reader of a code.
pub const TABLE: &[(&str, &str)] = &[
    (YAML_SYNTAX, "the file is not valid YAML"),
    (EMPTY_FILE, "the file is empty; a `.dig` file holds at least one task"),
    (ROOT_NOT_MAPPING, "the file must hold a mapping (`key: value` lines) at its top"),
    (DUPLICATE_KEY, "a mapping has the same key twice; only `!include :` may be repeated"),
    (UNKNOWN_TAG, "only `!include`, as a key, and YAML's own simple types are known as tags"),
    (TOO_LARGE, "a file, its nesting, or what it includes and repeats exceeds a limit"),
    (BAD_KEY, "a key is empty"),
    (BAD_INCLUDE, "the path of an `!include` must be a file below the including file's folder"),
    (INCLUDE_CYCLE, "files include one another in a circle"),
    (FILE_UNREADABLE, "a file is not in the project, or is not UTF-8 text"),
    (UNKNOWN_KEY, "a group, or the top of a workflow, has a key that means nothing there"),
    (UNKNOWN_OPERATOR, "no operator has this name"),
    (OPERATOR_WITH_CHILDREN, "a task with an operator cannot have `+tasks` of its own"),
    (TWO_OPERATORS, "a task can have one operator only"),
    (BAD_TASK_NAME, "a task's name holds a character that is not allowed, or is too long"),
    (TASK_NOT_MAPPING, "the value of a `+task` must be a mapping, or a list of mappings"),
    (WRONG_TYPE, "a value has the wrong type"),
    (NOT_RUN_YET, "digdag has it, but this engine does not run it"),
    (BAD_RETRY, "`_retry` must be a number or `{limit, interval, interval_type, max_interval}`"),
    (BAD_CALL_TARGET, "the file of a `call>` must be a `.dig` file inside the project"),
    (
        BAD_WORKFLOW_NAME,
        "a workflow's name begins with no digit or sign and has at most 255 characters",
    ),
    (NO_BODY, "a task that needs a body, such as `_do`, has none"),
    (WITHOUT_EFFECT, "it is accepted, but has no effect where it stands"),
    (BAD_SCHEDULE, "`schedule:` or `timezone:` has a form that cannot be used"),
    (BROKEN_EXPRESSION, "a `${...}` is not closed, or holds something that is not JavaScript"),
    (MISPLACED_ORDER, "`_background` or `_after` stands where it has no place"),
    (BAD_SLA, "`sla:` needs one of `time` and `duration`"),
];

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
