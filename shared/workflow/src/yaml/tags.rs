//! What a tag says of a scalar (snakeyaml `SafeConstructor`): `!include`, and YAML's own types.

use granit_parser::Tag;
use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostics;

use super::node::Span;
use super::scalar;

/// A scalar's tag.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tagged {
    /// None, or a lone `!`, which says nothing here.
    No,
    Include,
    Typed(Type),
}

/// YAML's own types, as in `!!str`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Type {
    Text,
    Integer,
    Float,
    Boolean,
    Null,
}

pub(super) fn of_scalar(tag: Option<&Tag>, span: &Span) -> Result<Tagged, Diagnostics> {
    let Some(tag) = tag else {
        return Ok(Tagged::No);
    };
    let written = tag.original();
    if written == "!include" {
        return Ok(Tagged::Include);
    }
    if written == "!" {
        return Ok(Tagged::No);
    }
    match tag.core_suffix() {
        Some("str") => Ok(Tagged::Typed(Type::Text)),
        Some("int") => Ok(Tagged::Typed(Type::Integer)),
        Some("float") => Ok(Tagged::Typed(Type::Float)),
        Some("bool") => Ok(Tagged::Typed(Type::Boolean)),
        Some("null") => Ok(Tagged::Typed(Type::Null)),
        Some(_) | None => Err(unknown(&written, span)),
    }
}

/// A list may be tagged `!!seq` and a mapping `!!map` (`core` without the `!!`).
pub(super) fn of_collection(tag: Option<&Tag>, core: &str, span: &Span) -> Result<(), Diagnostics> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema_tag(core) && tag.original() != "!" => {
            Err(unknown(&tag.original(), span))
        }
        Some(_) | None => Ok(()),
    }
}

/// `text` as the type that its tag asks for.
pub(super) fn typed(wanted: Type, text: &str, span: &Span) -> Result<Value, Diagnostics> {
    let wrong = |name: &str| {
        span.error(codes::WRONG_TYPE, format!("`{text}` is not {name}, as its tag says"))
            .with_help("remove the tag, or correct the value")
            .into()
    };
    match wanted {
        Type::Text => Ok(Value::from(text)),
        Type::Null => Ok(Value::Null),
        Type::Integer => scalar::tagged_integer(text).ok_or_else(|| wrong("a whole number")),
        Type::Float => scalar::tagged_float(text).ok_or_else(|| wrong("a number")),
        // snakeyaml has no answer for another word but null.
        Type::Boolean => Ok(match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Value::Bool(true),
            "false" | "no" | "off" => Value::Bool(false),
            _ => Value::Null,
        }),
    }
}

fn unknown(written: &str, span: &Span) -> Diagnostics {
    let help = if written.starts_with("!include:") {
        "write a space before the colon: `!include : path/to/file.yml`"
    } else {
        "only `!include : path` is known; put a text that begins with `!` into quotes"
    };
    span.error(codes::UNKNOWN_TAG, format!("unknown tag `{written}`")).with_help(help).into()
}
