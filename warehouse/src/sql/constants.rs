//! Literals.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use sqlparser::ast::Value;

use crate::error::BqError;
use crate::ids::literal;

/// DuckDB's text of a literal; `None` when it may stay as it is.
///
/// # Errors
/// `invalidQuery` for one that GoogleSQL does not have.
pub(super) fn constant(value: &Value) -> Result<Option<String>, BqError> {
    Ok(match value {
        Value::SingleQuotedString(text)
        | Value::DoubleQuotedString(text)
        | Value::TripleSingleQuotedString(text)
        | Value::TripleDoubleQuotedString(text)
        | Value::SingleQuotedRawStringLiteral(text)
        | Value::DoubleQuotedRawStringLiteral(text)
        | Value::TripleSingleQuotedRawStringLiteral(text)
        | Value::TripleDoubleQuotedRawStringLiteral(text) => Some(literal(text)),
        Value::SingleQuotedByteStringLiteral(text)
        | Value::DoubleQuotedByteStringLiteral(text)
        | Value::TripleSingleQuotedByteStringLiteral(text)
        | Value::TripleDoubleQuotedByteStringLiteral(text) => Some(bytes(text)?),
        Value::Number(digits, _) if digits.parse::<f64>().is_ok_and(f64::is_infinite) => {
            return Err(BqError::query(format!("Invalid floating point literal: {digits}")));
        }
        // A number with a point is FLOAT64; DuckDB would make it a DECIMAL.
        Value::Number(digits, _)
            if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && digits.contains('.')
                && !digits.contains(['e', 'E']) =>
        {
            let zero = if digits.starts_with('.') { "0" } else { "" };
            let tail = if digits.ends_with('.') { "0" } else { "" };
            Some(format!("{zero}{digits}{tail}e0"))
        }
        Value::HexStringLiteral(digits) => Some(
            i64::from_str_radix(digits, 16)
                .map_err(|_| BqError::query(format!("Invalid integer literal: 0x{digits}")))?
                .to_string(),
        ),
        Value::Number(_, _) | Value::Boolean(_) | Value::Null | Value::Placeholder(_) => None,
        other => {
            return Err(BqError::query(format!("Syntax error: Unexpected literal {other}")));
        }
    })
}

/// A literal of bytes: the parser leaves its escapes as they are.
fn bytes(text: &str) -> Result<String, BqError> {
    let unknown =
        || BqError::query(format!("Illegal escape sequence in the bytes literal \"{text}\""));
    let mut hex = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let byte = match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('x' | 'X')) => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).map_err(|_| unknown())?
            }
            ('\\', Some('n')) => b'\n',
            ('\\', Some('r')) => b'\r',
            ('\\', Some('t')) => b'\t',
            ('\\', Some(same @ ('\\' | '\'' | '"' | '`' | '?'))) => {
                u8::try_from(same).map_err(|_| unknown())?
            }
            ('\\', _) => return Err(unknown()),
            (c, _) => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    hex += &format!("{byte:02x}");
                }
                continue;
            }
        };
        hex += &format!("{byte:02x}");
    }
    Ok(format!("unhex('{hex}')"))
}
