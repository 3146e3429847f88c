//! Typed reads of evaluated parameters, with errors that name the place in the file.

use himekuri_protocol::TaskError;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config_error;
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

    /// `true`, `false`, or these as text (digdag's reading of JSON booleans).
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, TaskError> {
        match self.text(key)?.as_deref() {
            None => Ok(None),
            Some("true" | "True") => Ok(Some(true)),
            Some("false" | "False" | "") => Ok(Some(false)),
            Some(other) => {
                Err(self.error(key, format!("`{key}` must be `true` or `false`, not `{other}`")))
            }
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
        let workdir = match self.get("_workdir") {
            Some(Value::String(workdir)) => workdir,
            Some(_) | None => &self.task.definition.workdir,
        };
        himekuri_workflow::resolve(workdir, path).map_err(|problem| {
            self.error(key, format!("cannot read `{path}`: {}", problem.reason()))
        })
    }
}
