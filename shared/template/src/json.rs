//! JSON and numbers as JavaScript prints them, for values that need no JavaScript to be found.

use serde_json::{Map, Value};

/// What a template prints for a value: strings as they are, null as nothing, the rest as JSON.
/// Source: digdag's `digdag.js`.
pub(crate) fn print(value: &Value, output: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => output.push_str(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            stringify(value, output);
        }
    }
}

/// JavaScript's `JSON.stringify`.
fn stringify(value: &Value, output: &mut String) {
    match value {
        Value::Null => output.push_str("null"),
        Value::Bool(true) => output.push_str("true"),
        Value::Bool(false) => output.push_str("false"),
        Value::Number(value) => output.push_str(&number(value.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => quote(text, output),
        Value::Array(items) => {
            output.push('[');
            for (index, item) in items.iter().enumerate() {
                output.push_str(if index > 0 { "," } else { "" });
                stringify(item, output);
            }
            output.push(']');
        }
        Value::Object(object) => {
            output.push('{');
            for (index, (key, value)) in in_property_order(object).into_iter().enumerate() {
                output.push_str(if index > 0 { "," } else { "" });
                quote(key, output);
                output.push(':');
                stringify(value, output);
            }
            output.push('}');
        }
    }
}

/// JavaScript lists keys that are array indexes first, in ascending order.
fn in_property_order(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = object.iter().collect();
    if object.keys().any(|key| array_index(key).is_some()) {
        entries.sort_by_key(|(key, _)| array_index(key).map_or(u64::MAX, u64::from));
    }
    entries
}

/// The number of a key such as `0` or `12`, if JavaScript takes it as an index.
fn array_index(key: &str) -> Option<u32> {
    let index: u32 = key.parse().ok()?;
    (index != u32::MAX && index.to_string() == key).then_some(index)
}

fn quote(text: &str, output: &mut String) {
    output.push('"');
    for character in text.chars() {
        match character {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            '\u{8}' => output.push_str("\\b"),
            '\u{c}' => output.push_str("\\f"),
            control if control < ' ' => {
                output.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => output.push(other),
        }
    }
    output.push('"');
}

/// A number as JavaScript writes it: shortest digits that read back the same, exponents outside 1e-7 to 1e21.
/// Numbers that JSON lacks are `null`.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "null".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rust's exponent form has the shortest digits too: `-1.25e-7`.
    let shortest = format!("{:e}", value.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, exponent))
}

fn place_point(digits: &str, exponent: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    match exponent {
        -7..=-1 if exponent > -7 => format!("0.{}{digits}", zeros(-exponent - 1)),
        0..=20 if exponent + 1 >= count => format!("{digits}{}", zeros(exponent + 1 - count)),
        0..=20 => {
            let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
            format!("{whole}.{fraction}")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { "-" } else { "+" };
            format!("{first}{point}{rest}e{sign}{}", exponent.abs())
        }
    }
}
