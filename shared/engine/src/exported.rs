//! What a task gets from the operator that made it: `i` of a loop, the values of a `for_each>`, the `error` of an
//! `^error`. Iterations keep their number only, so that 100,000 of them stay small.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Config;
use crate::record::ForEachEntry;

/// Exported by the parent's operator; beats the task's own `_export`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Exported {
    #[default]
    Nothing,
    /// `i` of a `loop>`.
    Loop(u32),
    /// A combination of a `for_each>`, by its number.
    ForEach { entries: Arc<Vec<ForEachEntry>>, number: u64 },
    /// A slice of a `for_range>`.
    Range { from: i64, to: i64, index: u32 },
    /// Anything else.
    Given(Box<Config>),
}

impl Exported {
    /// As parameters.
    pub(crate) fn config(&self) -> Config {
        match self {
            Self::Nothing => Config::new(),
            Self::Loop(i) => Config::from_iter([("i".to_owned(), Value::from(*i))]),
            Self::ForEach { entries, number } => combination(entries, *number)
                .map(|chosen| (chosen.key.to_owned(), chosen.value.clone()))
                .collect(),
            Self::Range { from, to, index } => {
                let range = [("from", Value::from(*from)), ("to", Value::from(*to))]
                    .into_iter()
                    .chain([("index", Value::from(*index))])
                    .map(|(key, value)| (key.to_owned(), value));
                Config::from_iter([("range".to_owned(), Value::Object(Map::from_iter(range)))])
            }
            Self::Given(config) => config.as_ref().clone(),
        }
    }
}

/// One value of a combination.
struct Chosen<'a> {
    key: &'a str,
    index: u64,
    value: &'a Value,
}

/// How many combinations there are; none if a key has no value.
pub(crate) fn combinations(entries: &[ForEachEntry]) -> Option<u64> {
    if entries.is_empty() {
        return Some(0);
    }
    entries
        .iter()
        .try_fold(1_u64, |count, entry| count.checked_mul(u64::try_from(entry.values.len()).ok()?))
}

/// The combination of a number, the first key changing slowest.
fn combination(entries: &[ForEachEntry], number: u64) -> impl Iterator<Item = Chosen<'_>> {
    let mut left = combinations(entries).unwrap_or(0);
    let mut number = number;
    entries.iter().filter_map(move |entry| {
        left = left.checked_div(u64::try_from(entry.values.len()).ok()?)?;
        let index = number.checked_div(left)?;
        number = number.checked_rem(left)?;
        let value = entry.values.get(usize::try_from(index).ok()?)?;
        Some(Chosen { key: &entry.key, index, value })
    })
}

/// digdag's name of a combination: `+for-0=city=1=Tokyo&1=os=0=ios` (`ForEachOperatorFactory`).
pub(crate) fn combination_name(entries: &[ForEachEntry], number: u64) -> String {
    let mut name = "+for-".to_owned();
    for (place, chosen) in combination(entries, number).enumerate() {
        if place > 0 {
            name.push('&');
        }
        let key = name_tag(chosen.key);
        let value = match chosen.value {
            Value::String(text) => name_tag(text),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => name_tag(&other.to_string()),
        };
        name.push_str(&format!("{place}={key}={}={value}", chosen.index));
    }
    name
}

/// Characters of a key or value that a task's name shows, in UTF-16 as Java counts.
const NAME_TAG_UNITS: usize = 8;

/// The beginning of a text as an URL writes it; a space is `%20`. Java leaves `*` as it is, which no task's name may
/// hold; here it is `%2A`.
fn name_tag(text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().take(NAME_TAG_UNITS).collect();
    let mut tag = String::new();
    for c in char::decode_utf16(units) {
        // Half of a pair has no UTF-8; Java writes `?`.
        let c = c.unwrap_or('?');
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            tag.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                tag.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entries(values: Value) -> Vec<ForEachEntry> {
        let entries = values.as_object().unwrap();
        let entry = |(key, values): (&String, &Value)| ForEachEntry {
            key: key.clone(),
            values: values.as_array().unwrap().clone(),
        };
        entries.iter().map(entry).collect()
    }

    fn names(values: Value) -> Vec<String> {
        let entries = entries(values);
        let count = combinations(&entries).unwrap();
        (0..count).map(|number| combination_name(&entries, number)).collect()
    }

    #[test]
    fn the_first_key_changes_slowest() {
        assert_eq!(
            names(json!({"a": [1, 2], "b": ["x", "y"]})),
            [
                "+for-0=a=0=1&1=b=0=x",
                "+for-0=a=0=1&1=b=1=y",
                "+for-0=a=1=2&1=b=0=x",
                "+for-0=a=1=2&1=b=1=y",
            ]
        );
    }

    #[test]
    fn a_name_shows_the_first_eight_characters_as_an_url_would() {
        let cases = [
            (json!("abcdefghij"), "abcdefgh"),
            (json!("a b/c+d"), "a%20b%2Fc%2Bd"),
            (json!("a*b"), "a%2Ab"),
            (json!("東京"), "%E6%9D%B1%E4%BA%AC"),
            (json!("1234567😀"), "1234567%3F"),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!({"k": 1}), "%7B%22k%22%3A1%7D"),
            (json!(1.5), "1.5"),
        ];

        for (value, tag) in cases {
            assert_eq!(names(json!({"v": [value]})), [format!("+for-0=v=0={tag}")]);
        }
    }

    #[test]
    fn no_value_for_a_key_and_no_key_at_all_make_no_combination() {
        for values in [json!({}), json!({"a": []}), json!({"a": [1], "b": []})] {
            assert_eq!(combinations(&entries(values)), Some(0));
        }
    }

    #[test]
    fn values_keep_their_types() {
        let entries = Arc::new(entries(json!({"a": [{"k": 1}], "b": ["x", null]})));

        let config = Exported::ForEach { entries, number: 1 }.config();

        assert_eq!(Value::Object(config), json!({"a": {"k": 1}, "b": null}));
    }
}
