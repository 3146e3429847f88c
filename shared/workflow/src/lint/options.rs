//! Options of operators: unknown ones, missing ones, values that no operator takes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, Severity};
use crate::files::{ProjectFiles, resolve};
use crate::position::escape;
use crate::suggest::did_you_mean;
use crate::task::{Config, TaskDefinition, TaskKind};
use crate::visit::Workdir;

use super::commands;
use super::operators::{Form, Operator, find};

/// Keys that are options of every operator.
const EVERYWHERE: &[&str] = &["timezone", "session_time"];

/// How long a try may take: an option of the operators that workers run.
const TIMEOUT: &str = "timeout";

/// Operators that workers run.
const ON_WORKERS: &[&str] =
    &["bq", "bq_ddl", "bq_extract", "bq_load", "bq_wait", "echo", "gcs_wait", "http_call"];

/// Directives that hold a task, often written without their `_`.
const BODIES: &[&str] = &["_do", "_else_do", "_error", "_check", "_export", "_parallel", "_retry"];

/// Longest list of options that helps: a longer one is in the documentation of the operator.
const LISTED_MAX: usize = 6;

/// What is known around a task.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) files: &'a ProjectFiles,
    /// Names that any `_export` of the workflow defines: an option may come from there.
    pub(super) exported: &'a BTreeSet<String>,
    pub(super) workdir: Workdir,
}

/// The problems of an operator task's options.
pub(super) fn check(full_name: &str, task: &TaskDefinition, around: Around<'_>) -> Vec<Diagnostic> {
    let TaskKind::Operator { operator, command, config } = &task.kind else {
        return Vec::new();
    };
    let Some(operator) = find(operator) else {
        return Vec::new();
    };
    let mut options = Options { task, operator, config, around, problems: Vec::new() };
    options.unknown(command);
    options.missing();
    options.values();
    options.problems.extend(commands::check(operator, task, command, config, around));
    options.problems.into_iter().map(|problem| problem.in_task(full_name)).collect()
}

struct Options<'a> {
    task: &'a TaskDefinition,
    operator: &'static Operator,
    config: &'a Config,
    around: Around<'a>,
    problems: Vec<Diagnostic>,
}

impl Options<'_> {
    fn unknown(&mut self, command: &Value) {
        let operator = self.operator;
        let names = || operator.options.iter().map(|option| option.name);
        for key in self.config.keys() {
            let is_known = key.starts_with('_')
                || key.ends_with('>')
                || operator.family == Some(key)
                || EVERYWHERE.contains(&key.as_str())
                || key == TIMEOUT && ON_WORKERS.contains(&operator.name)
                || names().any(|name| name == key);
            if is_known {
                continue;
            }
            let near = did_you_mean(key, names()).or_else(|| {
                BODIES.iter().copied().find(|body| body.strip_prefix('_') == Some(key))
            });
            // A key of one's own is a variable for the task's texts and its SQL.
            if near.is_none() && self.uses(key, command) {
                continue;
            }
            let message = format!("`{}>` has no option `{key}`", operator.name);
            let problem = Diagnostic::warning(codes::UNKNOWN_OPTION, message);
            let problem = match near {
                Some(name) => problem.with_help(format!("did you mean `{name}`?")),
                None => problem.with_help(unused_key_help(operator)),
            };
            self.problems.push(super::at_key(problem, self.task, &pointer(key)));
        }
    }

    /// Whether a text of the task, or the file that it names, mentions `key`.
    fn uses(&self, key: &str, command: &Value) -> bool {
        let others = self.config.iter().filter(|(other, _)| *other != key).map(|(_, value)| value);
        let mut values = others.chain(self.task.export.values());
        values.any(|value| mentions(value, key)) || self.file_may_use(key, command)
    }

    fn file_may_use(&self, key: &str, command: &Value) -> bool {
        let Some(target) = command.as_str() else { return false };
        if target.contains("${") || self.around.workdir == Workdir::Variable {
            return true;
        }
        let Ok(path) = resolve(&self.task.workdir, target) else { return false };
        self.around.files.text(&path).is_ok_and(|text| text.contains(key))
    }

    fn missing(&mut self) {
        let given = |name: &str| self.config.get(name).is_some_and(|value| !value.is_null());
        let missing = self.operator.options.iter().filter(|option| {
            option.required && !given(option.name) && !self.around.exported.contains(option.name)
        });
        let problems: Vec<Diagnostic> = missing
            .map(|option| {
                let message =
                    format!("`{}>` needs the option `{}`", self.operator.name, option.name);
                let problem = Diagnostic::error(codes::MISSING_OPTION, message).with_help(format!(
                    "write `{}:` in the task, or in an `_export` around it",
                    option.name
                ));
                super::at_operator(problem, self.task)
            })
            .collect();
        self.problems.extend(problems);
    }

    fn values(&mut self) {
        for option in self.operator.options {
            let Some(value) = self.config.get(option.name).filter(|value| !value.is_null()) else {
                continue;
            };
            let problem = match option.form {
                Form::Any => None,
                Form::Boolean => boolean(option.name, value),
                Form::Number => number(option.name, value),
                Form::Word(words) => word(option.name, value, words),
                Form::KnownWord(words) => word(option.name, value, words).map(as_warning),
                Form::Words(words) => self.words(option.name, value, words),
                Form::MappingOrFile => self.file(value),
            };
            if let Some(problem) = problem {
                self.problems.push(super::at_value(problem, self.task, &pointer(option.name)));
            }
        }
        self.timeout();
    }

    fn timeout(&mut self) {
        let given = self.config.get(TIMEOUT).filter(|value| !value.is_null());
        let Some(value) = given.filter(|_| ON_WORKERS.contains(&self.operator.name)) else {
            return;
        };
        let Some(text) = fixed(value) else { return };
        let is_seconds = text.trim().parse::<u64>().is_ok_and(|seconds| seconds > 0);
        let is_duration = value.is_string() && commands::is_duration(&text);
        if !is_seconds && !is_duration {
            let problem = bad_value(TIMEOUT, "a duration", &text)
                .with_help("write a number with a unit, `30s`, `10m`, `1h 30m`, or seconds from 1");
            self.problems.push(super::at_value(problem, self.task, &pointer(TIMEOUT)));
        }
    }

    fn words(&mut self, name: &str, value: &Value, words: &[&str]) -> Option<Diagnostic> {
        let Value::Array(items) = value else { return None };
        for (index, item) in items.iter().enumerate() {
            if let Some(problem) = word(name, item, words) {
                let pointer = format!("{}/{index}", pointer(name));
                self.problems.push(super::at_value(problem, self.task, &pointer));
            }
        }
        None
    }

    fn file(&self, value: &Value) -> Option<Diagnostic> {
        let target = value.as_str().filter(|text| !text.contains("${"))?;
        match self.around.workdir {
            Workdir::OfFile => super::missing_file(self.around.files, &self.task.workdir, target),
            Workdir::Variable => None,
        }
    }
}

fn unused_key_help(operator: &Operator) -> String {
    let known: Vec<String> =
        operator.options.iter().map(|option| format!("`{}`", option.name)).collect();
    let help = "it has no effect: nothing in the task uses it";
    match known.as_slice() {
        [] => format!("{help}; a variable for the tasks below belongs into `_export`"),
        [only] => format!("{help}; the only option is {only}"),
        several if several.len() <= LISTED_MAX => {
            format!("{help}; the options are {}", several.join(", "))
        }
        _ => format!("{help}; remove it, or use it as `${{...}}`"),
    }
}

fn mentions(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(items) => items.iter().any(|item| mentions(item, word)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn pointer(key: &str) -> String {
    format!("/{}", escape(key))
}

/// A text that is as it stands.
fn fixed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains("${") => None,
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

fn bad_value(name: &str, expected: &str, found: &str) -> Diagnostic {
    let message = format!("`{name}` must be {expected}, but it is `{found}`");
    Diagnostic::error(codes::BAD_OPTION_VALUE, message)
}

fn boolean(name: &str, value: &Value) -> Option<Diagnostic> {
    let text = fixed(value)?;
    if value.is_number() || matches!(text.as_str(), "true" | "True" | "false" | "False" | "") {
        return None;
    }
    let meant = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" | "1" => "write `true`",
        "no" | "off" | "n" | "false" | "0" => "write `false`",
        _ => "write `true` or `false`",
    };
    let help = format!("{meant}; `yes`, `on` and `TRUE` are texts, not booleans");
    Some(bad_value(name, "`true` or `false`", &text).with_help(help))
}

fn number(name: &str, value: &Value) -> Option<Diagnostic> {
    let text = fixed(value)?;
    let is_whole = text.trim().parse::<i64>().is_ok();
    (!is_whole).then(|| {
        bad_value(name, "a whole number", &text).with_help("write digits only, such as `10`")
    })
}

fn word(name: &str, value: &Value, words: &[&str]) -> Option<Diagnostic> {
    let text = fixed(value)?;
    if words.contains(&text.as_str()) {
        return None;
    }
    let message = format!("`{name}` has no value `{text}`");
    let problem = Diagnostic::error(codes::BAD_OPTION_VALUE, message);
    let near = did_you_mean(&text, words.iter().copied());
    // BigQuery may well read it in small letters.
    let problem = match near {
        Some(near) if near.eq_ignore_ascii_case(&text) => as_warning(problem),
        Some(_) | None => problem,
    };
    Some(problem.with_help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", words.join(", ")),
    }))
}

fn as_warning(problem: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..problem }
}
