//! Numbers with a leading zero: octal for digdag's YAML, and `08` and `09` are no numbers at all.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::files::ProjectFiles;
use crate::position::{Position, escape};
use crate::task::{Config, TaskDefinition, TaskKind};

/// The lines of files, split once.
#[derive(Default)]
pub(super) struct Lines<'a>(HashMap<Arc<str>, Vec<&'a str>>);

impl<'a> Lines<'a> {
    fn at(&mut self, files: &'a ProjectFiles, position: &Position) -> Option<&'a str> {
        let lines = self.0.entry(Arc::clone(&position.file)).or_insert_with(|| {
            files.text(&position.file).map(|text| text.lines().collect()).unwrap_or_default()
        });
        lines.get(usize::try_from(position.line).ok()?.checked_sub(1)?).copied()
    }
}

/// Warnings for one task's own values; those of bodies are found with the bodies.
pub(super) fn check<'a>(
    full_name: &str,
    task: &TaskDefinition,
    files: &'a ProjectFiles,
    lines: &mut Lines<'a>,
) -> Vec<Diagnostic> {
    let mut numbers = Numbers { task, files, lines, problems: Vec::new() };
    numbers.fields("/_export", &task.export);
    if let TaskKind::Operator { config, .. } = &task.kind {
        numbers.fields("", config);
    }
    numbers.problems.into_iter().map(|problem| problem.in_task(full_name)).collect()
}

struct Numbers<'t, 'a> {
    task: &'t TaskDefinition,
    files: &'a ProjectFiles,
    lines: &'t mut Lines<'a>,
    problems: Vec<Diagnostic>,
}

impl Numbers<'_, '_> {
    fn fields(&mut self, pointer: &str, fields: &Config) {
        for (key, value) in fields {
            if key != "_do" && key != "_else_do" {
                self.value(&format!("{pointer}/{}", escape(key)), value);
            }
        }
    }

    fn value(&mut self, pointer: &str, value: &Value) {
        match value {
            Value::Object(fields) => self.fields(pointer, fields),
            Value::Array(items) => self.list(pointer, items),
            Value::Number(_) | Value::String(_) => {
                if let Some((written, position)) = self.written(pointer) {
                    self.single(&written, position, value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// One warning for a list: `[01, ..., 12]` would give a dozen.
    fn list(&mut self, pointer: &str, items: &[Value]) {
        let mut first: Option<(String, Position)> = None;
        let mut text: Option<String> = None;
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            match (item, self.written(&pointer)) {
                (Value::Number(_), Some(written)) => first = first.or(Some(written)),
                (Value::String(_), Some((written, position))) => {
                    text.get_or_insert(written.clone());
                    first = first.or(Some((written, position)));
                }
                (_, None) => self.value(&pointer, item),
                (_, Some(_)) => {}
            }
        }
        let Some((written, position)) = first else { return };
        let has_numbers = items.iter().any(Value::is_number);
        let message = match text {
            Some(text) if has_numbers => format!(
                "the list mixes numbers and texts: `{text}` is no octal number, so it stays a text, and the zeros of the others are lost"
            ),
            Some(text) => format!("`{text}` is no octal number, so it stays a text"),
            None => {
                format!("`{written}` is octal: the zeros at the front of these numbers are lost")
            }
        };
        self.push(&written, position, message);
    }

    fn single(&mut self, written: &str, position: Position, value: &Value) {
        let message = match value {
            Value::Number(number) => format!("`{written}` is octal, the number {number}"),
            // Alone it prints as it was written.
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                return;
            }
        };
        self.push(written, position, message);
    }

    fn push(&mut self, written: &str, position: Position, message: String) {
        let length = u32::try_from(written.chars().count()).unwrap_or(0);
        let end = (position.line, position.column + length);
        let decimal = written.trim_start_matches('0');
        let decimal = if decimal.is_empty() { "0" } else { decimal };
        self.problems.push(
            Diagnostic::warning(codes::OCTAL_NUMBER, message).at(position).until(end).with_help(
                format!("write `'{written}'` for the text, or `{decimal}` for the number"),
            ),
        );
    }

    /// The plain scalar at `pointer` as it is written, if it is digits with a zero in front.
    fn written(&mut self, pointer: &str) -> Option<(String, Position)> {
        let position = self.task.positions.value(pointer)?;
        let line = self.lines.at(self.files, &position)?;
        let column = usize::try_from(position.column).ok()?.checked_sub(1)?;
        let rest: String = line.chars().skip(column).collect();
        let end = rest.find([',', ']', '}', ' ', '\t', '#', '\r']).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_padded = word.len() > 1
            && word.starts_with('0')
            && word.bytes().all(|byte| byte.is_ascii_digit());
        is_padded.then(|| (word.to_owned(), position))
    }
}
