//! What the scripts return: a word, then its arguments.

use redis::{FromRedisValue, ParsingError, Value};

use crate::StoreError;

/// A script's reply, all as text.
#[derive(Debug)]
pub(super) struct Reply {
    parts: Vec<String>,
}

impl FromRedisValue for Reply {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        Ok(Self { parts: Vec::<String>::from_redis_value(value)? })
    }
}

impl Reply {
    /// The word and its arguments.
    pub(super) fn split(&self) -> (&str, &[String]) {
        match self.parts.split_first() {
            Some((word, arguments)) => (word, arguments),
            None => ("", &[]),
        }
    }

    /// For a word that the script cannot return.
    pub(super) fn unknown(&self, operation: String) -> StoreError {
        StoreError::Corrupt {
            operation,
            detail: format!("script replied `{}`", self.parts.join(" ")),
        }
    }
}

/// A number that a script or a key holds as text.
pub(super) fn number(
    text: Option<&String>,
    operation: impl Fn() -> String,
) -> Result<u64, StoreError> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| StoreError::Corrupt {
        operation: operation(),
        detail: format!("expected a number, found {text:?}"),
    })
}
