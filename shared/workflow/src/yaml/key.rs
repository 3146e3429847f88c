//! What stands before a colon, and the text that becomes the key: as Java writes the value, because
//! digdag's JSON writer does so (`0x1F:` is the key `31`, `[a, b]:` is `[a, b]`).

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostics;

use super::node::{Kind, Node, Span};

/// A key, before its value is known.
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) kind: KeyKind,
}

pub(super) enum KeyKind {
    Name {
        name: String,
        form: Form,
    },
    /// `!include :`
    Include,
    /// `<<:`
    Merge,
}

/// How a name is written in the file; duplicates are found by it.
pub(super) enum Form {
    /// Just so.
    Same,
    /// As another scalar: `0x1F` for `31`.
    Other(String),
    /// As a list or a mapping, which digdag's check of duplicates leaves out.
    Collection,
}

impl Key {
    /// The key that a node makes; `written` is its text in the file, if it is a scalar.
    pub(super) fn from_node(node: Node, written: Option<&str>) -> Result<Self, Diagnostics> {
        let Node { span, kind } = node;
        let is_scalar = matches!(kind, Kind::Scalar(_));
        let name = match kind {
            Kind::Scalar(Value::String(text)) => text,
            Kind::Scalar(Value::Null) => return Err(empty(&span)),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
                let mut text = String::new();
                java_text(&kind, &mut text);
                text
            }
        };
        // digdag's own mark of an include, written by hand.
        if name.starts_with("!include:") {
            return Ok(Self { span, kind: KeyKind::Include });
        }
        let form = match written {
            Some(written) if written == name => Form::Same,
            Some(written) => Form::Other(written.to_owned()),
            // An alias of a scalar.
            None if is_scalar => Form::Same,
            None => Form::Collection,
        };
        Ok(Self { span, kind: KeyKind::Name { name, form } })
    }
}

fn empty(span: &Span) -> Diagnostics {
    span.error(codes::BAD_KEY, "a key must be a word or a text, but this one is empty")
        .with_help("write a name before the colon; put it into quotes if it is meant as text")
        .into()
}

/// `toString()` of the value in Java.
fn java_text(kind: &Kind, text: &mut String) {
    match kind {
        Kind::Scalar(Value::Null) => text.push_str("null"),
        Kind::Scalar(Value::String(content)) => text.push_str(content),
        Kind::Scalar(Value::Number(number)) if number.is_f64() => {
            text.push_str(&java_double(number.as_f64().unwrap_or_default()));
        }
        Kind::Scalar(value) => text.push_str(&value.to_string()),
        Kind::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                java_text(&item.kind, text);
            }
            text.push(']');
        }
        Kind::Map(entries) => {
            text.push('{');
            for (index, entry) in entries.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                text.push_str(&entry.key);
                text.push('=');
                java_text(&entry.value.kind, text);
            }
            text.push('}');
        }
    }
}

/// `Double.toString`: digits with a point from 0.001 to 10,000,000, else `1.5E10`.
fn java_double(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:E}");
    match scientific.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        Some(_) | None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::java_double;

    #[test]
    fn numbers_are_written_as_java_writes_them() {
        let table = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (-1.5e10, "-1.5E10"),
        ];

        for (value, expected) in table {
            assert_eq!(java_double(value), expected);
        }
    }
}
