//! Types of plain scalars by digdag's rules (`YamlTagResolver`, snakeyaml 1.23): neither YAML 1.1
//! nor 1.2.
//!
//! Times and dates stay text (`07:00:00`, `2019-09-01`), as do `yes`, `on` and `TRUE`. A leading 0
//! means octal, so `07` is 7 and `08` is text; `0.5` is text, because digdag's floats may not begin
//! with 0.

use serde_json::{Number, Value};

/// The value of a plain scalar without a tag.
pub(super) fn implicit(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        _ => {
            integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::String(text.to_owned()))
        }
    }
}

/// The value of a scalar tagged `!!int`: base 60 is read here (`1:30` is 90).
pub(super) fn tagged_integer(text: &str) -> Option<Value> {
    if !text.contains(':') {
        return integer(text);
    }
    let (negative, rest) = split_sign(text);
    let seconds = rest.split(':').try_fold(0_i64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.replace('_', "").parse().ok()?)
    })?;
    Some(Value::from(if negative { -seconds } else { seconds }))
}

/// The value of a scalar tagged `!!float`: any decimal number, `0.5` too.
pub(super) fn tagged_float(text: &str) -> Option<Value> {
    if let Some(value) = float(text) {
        return Some(value);
    }
    let (negative, rest) = split_sign(text);
    let value: f64 = rest.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(number(negative, value))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Non-empty, and all of it digits of `radix` or `_`.
fn is_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c.is_digit(radix))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, rest) = split_sign(text);
    let (digits, radix) = if let Some(digits) = rest.strip_prefix("0b") {
        (digits, 2)
    } else if let Some(digits) = rest.strip_prefix("0x") {
        (digits, 16)
    } else if rest != "0" && rest.starts_with('0') {
        (rest.strip_prefix('0')?, 8)
    } else if rest.starts_with('_') {
        return None;
    } else {
        (rest, 10)
    };
    if !is_digits(digits, radix) {
        return None;
    }
    let digits = digits.replace('_', "");
    let magnitude = if digits.is_empty() && radix == 8 {
        0 // `0_`
    } else {
        match u128::from_str_radix(&digits, radix) {
            Ok(magnitude) => magnitude,
            // More than 128 bits: JavaScript, the only reader of such numbers, rounds them as well.
            Err(_) => return (radix == 10).then(|| decimal(negative, &digits)).flatten(),
        }
    };
    let signed = i128::try_from(magnitude).ok().map(|value| if negative { -value } else { value });
    let number = signed.and_then(|value| {
        i64::try_from(value)
            .map(Number::from)
            .or_else(|_| u64::try_from(value).map(Number::from))
            .ok()
    });
    match number {
        Some(number) => Some(Value::Number(number)),
        None => decimal(negative, &magnitude.to_string()),
    }
}

fn decimal(negative: bool, digits: &str) -> Option<Value> {
    let value: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -value } else { value }).map(Value::Number)
}

fn float(text: &str) -> Option<Value> {
    let (negative, rest) = split_sign(text);
    match rest {
        // JSON has neither; digdag's JSON writer makes them text.
        ".inf" | ".Inf" | ".INF" => {
            return Some(Value::from(if negative { "-Infinity" } else { "Infinity" }));
        }
        _ => {}
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::from("NaN"));
    }
    let value = if rest.contains(':') { sexagesimal(rest)? } else { plain_float(rest)? };
    Some(number(negative, value))
}

/// A number, or the text that digdag's JSON writer makes of one too large for 64 bits.
fn number(negative: bool, value: f64) -> Value {
    match Number::from_f64(if negative { -value } else { value }) {
        Some(number) => Value::Number(number),
        None => Value::from(if negative { "-Infinity" } else { "Infinity" }),
    }
}

/// `.5`, `1.5`, `1.`, `1e3`, `1_000.5`, never `0.5`.
fn plain_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    if exponent.is_some_and(|exponent| !is_exponent(exponent)) {
        return None;
    }
    let accepted = match mantissa.strip_prefix('.') {
        Some(fraction) => !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()),
        None => {
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            whole.starts_with(|c: char| ('1'..='9').contains(&c))
                && is_digits(whole, 10)
                && (fraction.is_empty() || is_digits(fraction, 10))
        }
    };
    accepted.then(|| text.replace('_', "").parse().ok()).flatten()
}

fn is_exponent(text: &str) -> bool {
    let digits = split_sign(text).1;
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `1:20.5` is 80.5: base 60, only with a dot in the last part.
fn sexagesimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.')?;
    if !fraction.is_empty() && !is_digits(fraction, 10) {
        return None;
    }
    let mut parts = whole.split(':');
    let first = parts.next()?;
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !is_digits(first, 10) {
        return None;
    }
    let mut value: f64 = first.replace('_', "").parse().ok()?;
    for part in parts {
        let minutes_or_seconds = match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
            _ => false,
        };
        if !minutes_or_seconds {
            return None;
        }
        value = value * 60.0 + part.parse::<f64>().ok()?;
    }
    let fraction: f64 = format!("0.{}", fraction.replace('_', "")).parse().ok()?;
    Some(value + fraction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_typed_as_digdag_types_them() {
        let table = [
            ("20190901", json!(20_190_901)),
            ("-5", json!(-5)),
            ("+5", json!(5)),
            ("0", json!(0)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("07", json!(7)),
            ("010", json!(8)),
            ("00", json!(0)),
            ("0123", json!(83)),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("-.5", json!(-0.5)),
            ("1e3", json!(1000.0)),
            ("12e03", json!(12000.0)),
            ("1_0.5", json!(10.5)),
            ("1:20.5", json!(80.5)),
            ("10:30.", json!(630.0)),
            ("true", json!(true)),
            ("True", json!(true)),
            ("false", json!(false)),
            ("False", json!(false)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("Null", json!(null)),
            ("NULL", json!(null)),
            ("", json!(null)),
            (".inf", json!("Infinity")),
            ("-.INF", json!("-Infinity")),
            (".nan", json!("NaN")),
        ];

        for (text, expected) in table {
            assert_eq!(implicit(text), expected, "{text}");
        }
    }

    #[test]
    fn what_digdag_leaves_as_text_stays_text() {
        let texts = [
            "08",
            "09",
            "0.5",
            "-0.5",
            "2019-09-01",
            "2015-01-01 00:00:00",
            "TRUE",
            "yes",
            "no",
            "on",
            "off",
            "Yes",
            "07:00:00",
            "7:00",
            "00:00:00",
            "+09:00",
            "30d",
            "1.2.3",
            "_1",
            "-",
            "+",
            ".",
            "0x",
            "0b2",
            "1e",
            "1e+",
            "nULL",
            "1:60.5",
            "+.nan",
            "0o7",
            "${x}",
            "<<",
        ];

        for text in texts {
            assert_eq!(implicit(text), json!(text), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_round_as_javascript_rounds_them() {
        assert_eq!(implicit("9223372036854775807"), json!(i64::MAX));
        assert_eq!(implicit("18446744073709551615"), json!(u64::MAX));
        assert_eq!(implicit("-18446744073709551616"), json!(-18_446_744_073_709_551_616.0));
    }
}
