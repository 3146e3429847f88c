//! Values of rows that come from outside, checked against their column and written so that the engine reads them
//! without a second thought.

use std::str::FromStr as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use regex::Regex;
use serde_json::{Map, Number, Value, json};

use crate::schema::{Field, FieldType, Mode};

static NUMERIC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[+-]?(\d{0,29})(\.\d*)?([eE][+-]?\d{1,2})?$").ok());

/// A row of JSON as the table has it: a value for each column, in their order.
///
/// # Errors
/// The column, and a sentence.
pub(crate) fn row(
    object: &Map<String, Value>,
    fields: &[Field],
    ignore_unknown: bool,
) -> Result<Vec<Value>, WrongValue> {
    let mut found = 0;
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        let named = object.get(&field.name).or_else(|| {
            let mut all = object.iter();
            all.find(|(key, _)| key.eq_ignore_ascii_case(&field.name)).map(|(_, value)| value)
        });
        found += usize::from(named.is_some());
        values.push(json_value(named.unwrap_or(&Value::Null), field, ignore_unknown)?);
    }
    if found < object.len() && !ignore_unknown {
        let known = |key: &str| fields.iter().any(|field| field.name.eq_ignore_ascii_case(key));
        if let Some(key) = object.keys().find(|key| !known(key)) {
            let why = format!("No such field: {key}.");
            return Err(WrongValue { field: key.clone(), why });
        }
    }
    Ok(values)
}

/// A value that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongValue {
    /// Path of the column.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) why: String,
}

impl std::fmt::Display for WrongValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A sentence with a full stop names the column itself.
        match self.why.ends_with('.') {
            true => f.write_str(&self.why),
            false => write!(f, "{}; Field: {}.", self.why, self.field),
        }
    }
}

impl WrongValue {
    fn new(field: &Field, why: impl Into<String>) -> Self {
        Self { field: field.name.clone(), why: why.into() }
    }

    fn inside(mut self, field: &Field) -> Self {
        self.field = format!("{}.{}", field.name, self.field);
        self
    }
}

fn json_value(value: &Value, field: &Field, ignore_unknown: bool) -> Result<Value, WrongValue> {
    if field.mode == Mode::Repeated {
        let element = Field { mode: Mode::Required, ..field.clone() };
        return match value {
            Value::Null => Ok(json!([])),
            Value::Array(all) => {
                let all = all.iter().map(|one| json_value(one, &element, ignore_unknown));
                all.collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(WrongValue::new(field, "Repeated field needs a JSON array"))
            }
        };
    }
    match (value, field.kind) {
        (Value::Null, _) if field.mode == Mode::Required => {
            Err(format!("Missing required field: {}.", field.name))
        }
        (Value::Null, _) => Ok(Value::Null),
        (_, FieldType::Json) => Ok(value.clone()),
        (Value::Object(object), FieldType::Record) => {
            let values = row(object, &field.fields, ignore_unknown);
            let values = values.map_err(|wrong| wrong.inside(field))?;
            let names = field.fields.iter().map(|field| field.name.clone());
            Ok(Value::Object(names.zip(values).collect()))
        }
        (Value::String(text), kind) => scalar(text, kind),
        (Value::Number(number), kind) => match (number.as_f64(), kind) {
            // `2.0` is a whole number.
            (Some(float), FieldType::Integer) if float.fract() == 0.0 && !number.is_i64() => {
                scalar(&format!("{float:.0}"), kind)
            }
            _ => scalar(&number.to_string(), kind),
        },
        (Value::Bool(value), FieldType::Boolean | FieldType::String) => {
            scalar(&value.to_string(), field.kind)
        }
        (Value::Array(_), _) => {
            Err(format!("Array specified for non-repeated field: {}.", field.name))
        }
        (Value::Object(_), _) => Err(format!("This field: {} is not a record.", field.name)),
        (Value::Bool(_), _) => {
            Err(format!("Could not convert value to {}", field.kind.name().to_lowercase()))
        }
    }
    .map_err(|why: String| WrongValue::new(field, why))
}

/// A text as a value of this type.
///
/// # Errors
/// A sentence that names text and type.
pub(super) fn scalar(text: &str, kind: FieldType) -> Result<Value, String> {
    let trimmed = text.trim();
    let value = match kind {
        FieldType::String => Some(json!(text)),
        FieldType::Integer => i64::from_str(trimmed).ok().map(|number| json!(number)),
        FieldType::Float => float(trimmed),
        FieldType::Numeric => numeric(trimmed).then(|| json!(trimmed)),
        FieldType::Boolean => boolean(trimmed).map(Value::Bool),
        FieldType::Bytes => STANDARD.decode(trimmed).ok().map(|bytes| json!(escaped(&bytes))),
        FieldType::Date => date(trimmed).map(|date| json!(date.to_string())),
        FieldType::Time => time(trimmed).map(|time| json!(time.to_string())),
        FieldType::Datetime => {
            datetime(trimmed.trim_end_matches(['Z', 'z'])).map(|time| json!(time.to_string()))
        }
        FieldType::Timestamp => {
            timestamp(trimmed).map(|time| json!(format!("{}+00", time.naive_utc())))
        }
        FieldType::Json => serde_json::from_str(text).ok(),
        FieldType::Record => None,
    };
    value.ok_or_else(|| {
        let name = kind.name().to_lowercase();
        format!("Could not convert value to {name}; Value: {}", shortened(text))
    })
}

/// The type that a text shows.
pub(super) fn detected(text: &str) -> FieldType {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        FieldType::Boolean
    } else if i64::from_str(text).is_ok() {
        FieldType::Integer
    } else if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && f64::from_str(text).is_ok()
    {
        FieldType::Float
    } else if date(text).is_some() {
        FieldType::Date
    } else if time(text).is_some() {
        FieldType::Time
    } else if timestamp(text).is_some() {
        FieldType::Timestamp
    } else {
        FieldType::String
    }
}

fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 100;
    text.chars().take(SHOWN_MAX).collect()
}

fn float(text: &str) -> Option<Value> {
    let number = f64::from_str(text).ok()?;
    if number.is_nan() {
        return Some(json!("NaN"));
    }
    if number.is_infinite() {
        return Some(json!(if number > 0.0 { "Infinity" } else { "-Infinity" }));
    }
    Number::from_f64(number).map(Value::Number)
}

fn numeric(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && NUMERIC.as_ref().is_some_and(|numeric| numeric.is_match(text))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// Octets as DuckDB reads them in a text.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect()
}

fn date(text: &str) -> Option<NaiveDate> {
    // Patterns of a library are read anew for every value; dates are too many for that.
    let (year, rest) = text.split_once(['-', '/']).filter(|(year, _)| year.len() == 4)?;
    let (month, day) = rest.split_once(['-', '/'])?;
    NaiveDate::from_ymd_opt(i32::try_from(digits(year)?).ok()?, digits(month)?, digits(day)?)
}

fn time(text: &str) -> Option<NaiveTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let second = digits(parts.next()?)?;
    if parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let missing = u32::try_from(9 - fraction.len()).ok()?;
    let nanos = fraction.parse::<u32>().ok()?.checked_mul(10_u32.checked_pow(missing)?)?;
    // What is smaller than a microsecond is lost, as in BigQuery.
    NaiveTime::from_hms_micro_opt(hour, minute, second, nanos / 1000)
}

/// A number of one, two or four digits, without a sign.
fn digits(text: &str) -> Option<u32> {
    let plain = matches!(text.len(), 1 | 2 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn datetime(text: &str) -> Option<NaiveDateTime> {
    let (day, clock) = match text.split_once(['T', 't', ' ']) {
        Some((day, clock)) => (day, clock.trim_start()),
        None => (text, "00:00:00"),
    };
    let clock = time(clock).or_else(|| time(&format!("{clock}:00")))?;
    Some(date(day)?.and_time(clock))
}

fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(seconds) = f64::from_str(text) {
        return epoch(text, seconds);
    }
    if let Some(text) = text.strip_suffix("UTC").or_else(|| text.strip_suffix(['Z', 'z'])) {
        return Some(datetime(text.trim_end())?.and_utc());
    }
    if let Some(local) = datetime(text) {
        return Some(local.and_utc());
    }
    if let Some((local, zone)) = text.rsplit_once(' ')
        && let (Some(local), Ok(zone)) = (datetime(local), chrono_tz::Tz::from_str(zone))
    {
        return zone.from_local_datetime(&local).earliest().map(|time| time.to_utc());
    }
    let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
    let (local, offset) = text.split_at(at);
    offset_seconds(offset)
        .and_then(FixedOffset::east_opt)
        .and_then(|offset| offset.from_local_datetime(&datetime(local.trim_end())?).single())
        .map(|time| time.to_utc())
}

/// `+09`, `+9`, `+0900` or `+09:00`.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at(2),
        None => (digits, "0"),
    };
    let seconds = i32::from_str(hours).ok()? * 3600 + i32::from_str(minutes).ok()? * 60;
    Some(if sign == "-" { -seconds } else { seconds })
}

/// A number is seconds since 1970.
fn epoch(text: &str, seconds: f64) -> Option<DateTime<Utc>> {
    if let Ok(whole) = i64::from_str(text) {
        return DateTime::from_timestamp(whole, 0);
    }
    let (whole, fraction) =
        text.split_once('.').filter(|(whole, _)| !whole.contains(['e', 'E']))?;
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros = i64::from_str(&micros).ok()?;
    let micros = if seconds < 0.0 { -micros } else { micros };
    let whole = if whole.is_empty() || whole == "-" { 0 } else { i64::from_str(whole).ok()? };
    DateTime::from_timestamp_micros(whole.checked_mul(1_000_000)?.checked_add(micros)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_bigquerys_spellings() {
        for text in [
            "2026-11-01 15:00:00 UTC",
            "2026-11-01T15:00:00Z",
            "2026-11-02 00:00:00+09",
            "2026-11-02T00:00:00+09:00",
            "2026-11-02 00:00:00 +0900",
            "2026-11-02 00:00:00 Asia/Tokyo",
            "2026-11-01 15:00:00",
            "1793545200",
            "1793545200.0",
        ] {
            let read = scalar(text, FieldType::Timestamp);
            assert_eq!(read, Ok(json!("2026-11-01 15:00:00+00")), "{text}");
        }
        assert!(scalar("soon", FieldType::Timestamp).is_err());
    }

    #[test]
    fn a_text_shows_its_type() {
        for (text, kind) in [
            ("12", FieldType::Integer),
            ("-1.5", FieldType::Float),
            ("true", FieldType::Boolean),
            ("2026-11-01", FieldType::Date),
            ("10:20:30", FieldType::Time),
            ("2026-11-01 00:00:00 UTC", FieldType::Timestamp),
            ("nan", FieldType::String),
            ("ann", FieldType::String),
        ] {
            assert_eq!(detected(text), kind, "{text}");
        }
    }

    #[test]
    fn values_of_records_and_arrays_are_checked_with_their_path() {
        let user = Field {
            fields: vec![Field::new("age", FieldType::Integer)],
            ..Field::new("user", FieldType::Record)
        };
        let fields = [user];
        let read = |text: &str| {
            let object = serde_json::from_str::<Map<String, Value>>(text).unwrap();
            row(&object, &fields, false)
        };

        assert_eq!(read(r#"{"user": {"age": "7"}}"#), Ok(vec![json!({ "age": 7 })]));
        assert_eq!(read("{}"), Ok(vec![Value::Null]));
        assert_eq!(read(r#"{"user": {"age": "x"}}"#).unwrap_err().field, "user.age");
        assert_eq!(read(r#"{"user": {"size": 1}}"#).unwrap_err().field, "user.size");
    }
}
