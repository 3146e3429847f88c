//! Typed reads of evaluated parameters, with errors that name the place in the file.

use himekuri_protocol::TaskError;
use himekuri_workflow::TaskKind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{config_error, family};
use crate::Config;
use crate::attempt::{Attempt, Task};

/// Evaluated parameters of one task.
pub(crate) struct Parameters<'a> {
    pub(crate) attempt: &'a Attempt,
    pub(crate) task: &'a Task,
    pub(crate) config: &'a Config,
}

impl Parameters<'_> {
    /// The key of the operator's command: `bq>`, or `_command` in the long form `_type: bq`.
    pub(crate) fn command_key(&self, short: &'static str) -> &'static str {
        if self.get(short).is_none() && self.get("_command").is_some() { "_command" } else { short }
    }

    /// A parameter that is not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.config.get(key).filter(|value| !value.is_null())
    }

    /// A parameter that digdag does not have: it counts only where the task itself says it, or the defaults of its family do
    /// (`_export: {bq: {labels: ...}}`). Any other exported value of this name is a variable of a `.dig` file that knows nothing of
    /// ours.
    pub(crate) fn own(&self, key: &str) -> Option<&Value> {
        let is_own = match &self.task.definition.kind {
            TaskKind::Operator { config, .. } => config.contains_key(key),
            TaskKind::Group { .. } => false,
        };
        let value = match is_own {
            true => self.get(key),
            false => self.get(family(self.task.operator()?))?.get(key),
        };
        value.filter(|value| !value.is_null())
    }

    /// [`Self::own`] as a text.
    pub(crate) fn own_text(&self, key: &str) -> Result<Option<String>, TaskError> {
        if self.own(key).is_none() { Ok(None) } else { self.text(key) }
    }

    /// A text; numbers and booleans become their text, as Jackson reads them for digdag.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, TaskError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(Value::Array(_) | Value::Object(_)) => {
                Err(self.error(key, format!("`{key}` must be a text")))
            }
        }
    }

    /// `true`, `false`, these as text, or a whole number, as Jackson reads them for digdag.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, TaskError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let read = match value {
            Value::Bool(yes) => Some(*yes),
            Value::Number(number) if number.is_f64() => None,
            Value::Number(number) => Some(number.as_i64() != Some(0)),
            Value::String(text) => match text.trim() {
                "true" | "True" => Some(true),
                "false" | "False" | "" => Some(false),
                _ => None,
            },
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        read.map(Some).ok_or_else(|| {
            let found = shown(value);
            self.error(key, format!("`{key}` must be `true` or `false`, not `{found}`"))
        })
    }

    /// A whole number; `wrong` makes the error from the key and what was found.
    pub(crate) fn whole_number(
        &self,
        key: &str,
        wrong: impl Fn(&str, &str) -> TaskError,
    ) -> Result<Option<i64>, TaskError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        whole_number(value).map(Some).ok_or_else(|| wrong(key, &shown(value)))
    }

    /// A mapping, or the JSON text of one (digdag `Config.parseNested`).
    pub(crate) fn nested(&self, key: &str) -> Result<Config, TaskError> {
        let value = match self.get(key) {
            Some(Value::String(text)) => first_json(text),
            other => other.cloned(),
        };
        match value {
            Some(Value::Object(fields)) => Ok(fields),
            Some(_) | None => Err(self.error(key, format!("`{key}` must be a mapping"))),
        }
    }

    /// Base of the files that the task names.
    pub(crate) fn workdir(&self) -> &str {
        match self.get("_workdir") {
            Some(Value::String(workdir)) => workdir,
            Some(_) | None => &self.task.definition.workdir,
        }
    }

    /// One of a closed set of words, such as `WRITE_TRUNCATE`.
    pub(crate) fn word<T: DeserializeOwned>(
        &self,
        key: &str,
        words: &str,
    ) -> Result<Option<T>, TaskError> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        serde_json::from_value(Value::from(text.clone()))
            .map(Some)
            .map_err(|_| self.error(key, format!("`{key}` must be {words}, not `{text}`")))
    }

    /// An error at the place where `key` is written.
    pub(crate) fn error(&self, key: &str, message: impl std::fmt::Display) -> TaskError {
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let position = self.attempt.position_of(self.task, &pointer);
        config_error(format!("{position}: {message}"))
    }

    /// A file that the task names, as a path from the project's folder.
    pub(crate) fn resolve(&self, key: &str, path: &str) -> Result<String, TaskError> {
        himekuri_workflow::resolve(self.workdir(), path).map_err(|problem| {
            self.error(key, format!("cannot read `{path}`: {}", problem.reason()))
        })
    }
}

/// A whole number as Jackson reads it for digdag: fractions are cut off, an empty text is 0.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(fraction) if number.is_f64() => truncated(fraction),
            Some(_) | None => number.as_i64(),
        },
        Value::String(text) => match text.trim() {
            "" => Some(0),
            digits => digits.parse().ok(),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is meant to go, and the range is checked"
)]
fn truncated(number: f64) -> Option<i64> {
    (number.abs() < 9e18).then_some(number as i64)
}

/// The value at the beginning of a JSON text; what follows it is not looked at, as in digdag.
pub(super) fn first_json(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
}

/// A value as it is shown in an error: a text without its quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}
