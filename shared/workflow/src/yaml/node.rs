//! A tree of typed nodes with their places, and its change to and from plain values.

use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity};
use crate::position::{Position, Positions, escape};
use crate::task::Config;

use super::limits::Size;

/// A marked piece of a file: lines and columns from 1, end exclusive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) file: Arc<str>,
    pub(crate) start: (u32, u32),
    pub(crate) end: Option<(u32, u32)>,
}

impl Span {
    pub(crate) fn start_of(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), start: (1, 1), end: None }
    }

    pub(crate) fn position(&self) -> Position {
        Position { file: Arc::clone(&self.file), line: self.start.0, column: self.start.1 }
    }

    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(code, message).at(self.position());
        diagnostic.end = self.end;
        diagnostic
    }

    pub(crate) fn warning(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..self.error(code, message) }
    }
}

impl From<Position> for Span {
    fn from(position: Position) -> Self {
        Self { start: (position.line, position.column), file: position.file, end: None }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
    /// An `!include :` not yet merged in; its `key` is empty.
    pub(crate) include: bool,
}

impl Node {
    /// What a copy takes.
    pub(super) fn size(&self) -> Size {
        let mut size = Size::default();
        self.add_size(&mut size);
        size
    }

    fn add_size(&self, size: &mut Size) {
        size.nodes += 1;
        match &self.kind {
            Kind::Scalar(value) => size.text += value.as_str().map_or(0, str::len),
            Kind::List(items) => items.iter().for_each(|item| item.add_size(size)),
            Kind::Map(entries) => {
                for entry in entries {
                    size.nodes += 1;
                    size.text += entry.key.len();
                    entry.value.add_size(size);
                }
            }
        }
    }

    /// Levels of nesting: 0 for a scalar.
    pub(super) fn height(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => 1 + items.iter().map(Self::height).max().unwrap_or(0),
            Kind::Map(entries) => {
                1 + entries.iter().map(|entry| entry.value.height()).max().unwrap_or(0)
            }
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar(Value::Null) => "empty".to_owned(),
            Kind::Scalar(Value::String(text)) => format!("the text `{text}`"),
            Kind::Scalar(value) => format!("`{value}`"),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Kind::Map(entries) => Value::Object(config_of(entries)),
        }
    }

    /// Adds the places of everything below this node, whose own pointer is `pointer`.
    pub(crate) fn record_positions(&self, pointer: &str, positions: &mut Positions) {
        match &self.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let pointer = format!("{pointer}/{index}");
                    item.record_positions(&pointer, positions);
                    positions.insert(pointer, &item.span.file, item.span.start, item.span.start);
                }
            }
            Kind::Map(entries) => {
                for entry in entries {
                    entry.record_positions(pointer, positions);
                }
            }
        }
    }

    /// The node that made `value`, at `pointer` in a task with these `positions`.
    pub(crate) fn from_value(
        value: &Value,
        pointer: &str,
        positions: &Positions,
        around: &Span,
    ) -> Self {
        let span = positions.value(pointer).map_or_else(|| around.clone(), Span::from);
        let kind = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Kind::Scalar(value.clone())
            }
            Value::Array(items) => {
                let item = |(index, item)| {
                    Self::from_value(item, &format!("{pointer}/{index}"), positions, &span)
                };
                Kind::List(items.iter().enumerate().map(item).collect())
            }
            Value::Object(fields) => {
                let entry = |(key, value): (&String, &Value)| {
                    let pointer = format!("{pointer}/{}", escape(key));
                    let key_span = positions.key(&pointer).map_or_else(|| span.clone(), Span::from);
                    let value = Self::from_value(value, &pointer, positions, &key_span);
                    Entry { key: key.clone(), key_span, value, include: false }
                };
                Kind::Map(fields.iter().map(entry).collect())
            }
        };
        Self { span, kind }
    }
}

impl Entry {
    /// Adds the places of this entry and everything below, in the mapping whose pointer is
    /// `parent`.
    pub(crate) fn record_positions(&self, parent: &str, positions: &mut Positions) {
        let pointer = format!("{parent}/{}", escape(&self.key));
        self.value.record_positions(&pointer, positions);
        // Key and value of one entry stand in one file, but for a mapping that an include was
        // merged into: its key is then the place that tells the reader most.
        let value = if self.value.span.file == self.key_span.file {
            self.value.span.start
        } else {
            self.key_span.start
        };
        positions.insert(pointer, &self.key_span.file, self.key_span.start, value);
    }
}

/// Entries as plain values, in order.
pub(crate) fn config_of(entries: &[Entry]) -> Config {
    entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect()
}
