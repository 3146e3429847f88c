//! Spans of time as people write them: `250ms`, `2s`, `1m`, or milliseconds as a number.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time in a setup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let millis = match unit.trim() {
            "" | "ms" => number,
            "s" => number.checked_mul(1000)?,
            "m" => number.checked_mul(60_000)?,
            "h" => number.checked_mul(3_600_000)?,
            _ => return None,
        };
        Some(Self(Duration::from_millis(millis)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Millis(u64),
            Text(String),
        }
        let span = match Written::deserialize(deserializer)? {
            Written::Millis(millis) => Some(Self(Duration::from_millis(millis))),
            Written::Text(text) => Self::parse(&text),
        };
        span.ok_or_else(|| D::Error::custom("a span of time is needed, such as 250ms, 2s or 1m"))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", self.0.as_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit() {
        let millis = |text| Span::parse(text).map(|span| span.0.as_millis());

        assert_eq!(
            [millis("250ms"), millis("2s"), millis("1m")],
            [Some(250), Some(2000), Some(60_000)]
        );
        assert_eq!(millis("7"), Some(7));
        assert_eq!([millis("2 weeks"), millis("s"), millis("-1s")], [None; 3]);
    }
}
