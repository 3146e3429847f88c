//! The keys that begin with `_`: which there are, which this version runs, and the values read when
//! compiling.

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::suggest::did_you_mean;
use crate::task::{Config, Parallel};
use crate::yaml::{Entry, Kind};

use super::{as_bool, as_int};

/// Keys of the top of a workflow beside `+tasks` (digdag `WorkflowFile`).
pub(super) const TOP_KEYS: &[&str] =
    &["timezone", "_export", "schedule", "sla", "_error", "_check", "_retry", "_parallel"];

/// Keys of a group beside `+tasks` (digdag `WorkflowCompiler`); `_disable` is read before they are
/// checked.
pub(super) const GROUP_KEYS: &[&str] = &[
    "timezone",
    "schedule",
    "sla",
    "_parallel",
    "_background",
    "_after",
    "_error",
    "_check",
    "_retry",
    "_export",
    "_secrets",
    "_disable",
];

/// Keys of a group that digdag reads at the top of a workflow only.
const WITHOUT_EFFECT_IN_GROUP: &[&str] = &["timezone", "schedule", "sla", "_secrets"];

/// A warning for a group's key that digdag accepts there and ignores.
pub(super) fn without_effect(entry: &Entry) -> Option<Diagnostic> {
    WITHOUT_EFFECT_IN_GROUP.contains(&entry.key.as_str()).then(|| {
        let message = format!("`{}` has no effect in a group", entry.key);
        let place =
            if entry.key == "_secrets" { "the operator task" } else { "the top of the workflow" };
        entry
            .key_span
            .warning(codes::WITHOUT_EFFECT, message)
            .with_help(format!("move it to {place}"))
    })
}

/// A key that means nothing here.
pub(super) fn unknown_key(entry: &Entry, known: &[&str], place: &str) -> Diagnostic {
    let key = &entry.key;
    let error = entry.key_span.error(codes::UNKNOWN_KEY, format!("unknown key `{key}` {place}"));
    if key.ends_with('>') || key == "_type" {
        return error.with_help("an operator needs a task of its own: write `+name:` above it");
    }
    match did_you_mean(key, known.iter().copied()).or_else(|| with_underscore(key, known)) {
        Some(word) => error.with_help(format!("did you mean `{word}`?")),
        None => error
            .with_help(format!("known are {}, and tasks that begin with `+`", known.join(", "))),
    }
}

/// `parallel` is `_parallel`, `disable` is `_disable`.
fn with_underscore<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().copied().find(|word| word.strip_prefix('_') == Some(key))
}

/// `_export`: a mapping, or nothing.
pub(super) fn export(entry: &Entry) -> Result<Config, Box<Diagnostic>> {
    match entry.value.to_value() {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Config::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong_type(entry, "a mapping of variables")
                .with_help("write `name: value` lines below it, indented deeper, without `-`")
                .into())
        }
    }
}

/// `_parallel` of a group. A limit of 0 or less means no limit, as in digdag.
pub(super) fn parallel(entry: &Entry) -> Result<Parallel, Box<Diagnostic>> {
    let wrong = || {
        wrong_type(entry, "`true`, `false` or `{limit: N}`")
            .with_help("write `_parallel: true`, `_parallel: {limit: 5}`, or remove the key")
    };
    let value = entry.value.to_value();
    if mentions_variable(&value) {
        return Err(wrong()
            .with_help(
                "a group's `_parallel` is read before anything is evaluated: write its value",
            )
            .into());
    }
    match &value {
        Value::Object(fields) => {
            let limit = match (fields.get("limit"), inner(entry, "limit")) {
                (Some(limit), Some(written)) => as_int(limit).ok_or_else(|| {
                    wrong_type(written, "a whole number up to 2147483647")
                        .with_help("write how many tasks may run at once, as in `{limit: 5}`")
                })?,
                (Some(_) | None, _) => return Err(wrong().into()),
            };
            Ok(match u32::try_from(limit.max(0)) {
                Ok(0) | Err(_) => Parallel::Yes,
                Ok(limit) => Parallel::Limit(limit),
            })
        }
        Value::Bool(_) | Value::String(_) => as_bool(&value)
            .map(|yes| if yes { Parallel::Yes } else { Parallel::No })
            .ok_or_else(|| wrong().into()),
        // digdag refuses these even where they could be read.
        Value::Null | Value::Number(_) | Value::Array(_) => Err(wrong().into()),
    }
}

/// The entry `key` of a mapping.
fn inner<'e>(entry: &'e Entry, key: &str) -> Option<&'e Entry> {
    match &entry.value.kind {
        Kind::Map(entries) => entries.iter().find(|inner| inner.key == key),
        Kind::Scalar(_) | Kind::List(_) => None,
    }
}

/// `_background`: read when compiling.
pub(super) fn background(entry: &Entry) -> Result<bool, Box<Diagnostic>> {
    let value = entry.value.to_value();
    if value.is_null() {
        return Ok(false);
    }
    as_bool(&value).ok_or_else(|| {
        wrong_type(entry, "`true` or `false`")
            .with_help("it is read before anything is evaluated: write `true`, or remove the key")
            .into()
    })
}

/// `_after`: names of siblings. It must be a list, as in digdag.
pub(super) fn after(entry: &Entry) -> Result<Vec<String>, Box<Diagnostic>> {
    let wrong = || {
        wrong_type(entry, "a list of earlier tasks")
            .with_help("write the names in brackets, such as `_after: [+load]`")
            .into()
    };
    match entry.value.to_value() {
        Value::Null => Ok(Vec::new()),
        Value::Array(names) => names
            .into_iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Err(wrong()),
    }
}

/// `_disable`: read when compiling.
pub(super) fn disable(entry: &Entry) -> Result<bool, Box<Diagnostic>> {
    let value = entry.value.to_value();
    if value.is_null() {
        return Ok(false);
    }
    as_bool(&value).ok_or_else(|| {
        wrong_type(entry, "`true` or `false`")
            .with_help("it is read before anything is evaluated; use `if>:` to decide at run time")
            .into()
    })
}

pub(super) fn wrong_type(entry: &Entry, expected: &str) -> Diagnostic {
    let message =
        format!("`{}` must be {expected}, but it is {}", entry.key, entry.value.describe());
    entry.value.span.error(codes::WRONG_TYPE, message)
}

fn mentions_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(mentions_variable),
        Value::Object(fields) => fields.values().any(mentions_variable),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
