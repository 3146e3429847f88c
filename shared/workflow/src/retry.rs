//! `_retry`: how often and after how long a failed task runs again (digdag `RetryControl`).

use std::time::Duration;

use serde_json::Value;

/// How the wait between tries grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IntervalType {
    /// Always `interval`; `max_interval` has no effect.
    #[default]
    Constant,
    /// `interval * 2^retry_count`, at most `max_interval`.
    Exponential,
}

/// A read `_retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Extra runs after the first; a negative value in the file means none.
    pub limit: u32,
    /// Wait before a further run, whole seconds.
    pub interval: Duration,
    /// How the wait grows.
    pub interval_type: IntervalType,
    /// Longest wait of the exponential type.
    pub max_interval: Option<Duration>,
}

/// A `_retry` that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetryPolicyError {
    /// Neither a number nor a mapping.
    #[error("`_retry` must be a number of retries or a mapping with `limit`, but it is {found}")]
    WrongForm {
        /// What was found.
        found: String,
    },
    /// The mapping has no `limit`.
    #[error("`_retry` is a mapping without `limit`, the number of retries")]
    NoLimit,
    /// A field that must be a whole number is not one.
    #[error("`{field}` of `_retry` must be a whole number, but it is {found}")]
    NotANumber {
        /// `limit`, `interval` or `max_interval`.
        field: &'static str,
        /// What was found.
        found: String,
    },
    /// `interval_type` is none of the two.
    #[error("`interval_type` of `_retry` must be `constant` or `exponential`, but it is {found}")]
    UnknownIntervalType {
        /// What was found.
        found: String,
    },
}

impl RetryPolicy {
    /// Reads `_retry`: a number, a numeric text, or `{limit, interval, interval_type,
    /// max_interval}`.
    ///
    /// # Errors
    /// Another form, a missing `limit`, a field of the wrong type.
    pub fn parse(value: &Value) -> Result<Self, RetryPolicyError> {
        let (limit, fields) = match value {
            Value::Number(_) | Value::String(_) => (whole_number("limit", value)?, None),
            Value::Object(fields) => {
                let limit = fields.get("limit").filter(|limit| !limit.is_null());
                let limit = limit.ok_or(RetryPolicyError::NoLimit)?;
                (whole_number("limit", limit)?, Some(fields))
            }
            Value::Null | Value::Bool(_) | Value::Array(_) => {
                return Err(RetryPolicyError::WrongForm { found: value.to_string() });
            }
        };
        let field = |name: &'static str| {
            fields.and_then(|fields| fields.get(name)).filter(|value| !value.is_null())
        };
        let seconds = |name| {
            field(name).map(|value| whole_number(name, value).map(seconds_or_zero)).transpose()
        };
        Ok(Self {
            limit: u32::try_from(limit.max(0)).unwrap_or(u32::MAX),
            interval: seconds("interval")?.unwrap_or_default(),
            interval_type: field("interval_type")
                .map(interval_type)
                .transpose()?
                .unwrap_or_default(),
            max_interval: seconds("max_interval")?,
        })
    }

    /// Wait before the next run after `retry_count` retries are done; `None` once the limit is
    /// spent.
    #[must_use]
    pub fn delay(&self, retry_count: u32) -> Option<Duration> {
        if retry_count >= self.limit {
            return None;
        }
        Some(match self.interval_type {
            IntervalType::Constant => self.interval,
            IntervalType::Exponential => {
                let factor = 1_u32.checked_shl(retry_count).unwrap_or(u32::MAX);
                let wait = self.interval.saturating_mul(factor);
                self.max_interval.map_or(wait, |longest| wait.min(longest))
            }
        })
    }
}

fn whole_number(field: &'static str, value: &Value) -> Result<i64, RetryPolicyError> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.ok_or_else(|| RetryPolicyError::NotANumber { field, found: value.to_string() })
}

fn seconds_or_zero(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn interval_type(value: &Value) -> Result<IntervalType, RetryPolicyError> {
    let text = value.as_str().unwrap_or_default().to_ascii_lowercase();
    match text.as_str() {
        "constant" => Ok(IntervalType::Constant),
        "exponential" => Ok(IntervalType::Exponential),
        _ => Err(RetryPolicyError::UnknownIntervalType { found: value.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_the_count_of_extra_runs_without_wait() {
        let policy = RetryPolicy::parse(&json!(2)).unwrap();

        let delays: Vec<_> = (0..4).map(|count| policy.delay(count)).collect();

        assert_eq!(delays, [Some(Duration::ZERO), Some(Duration::ZERO), None, None]);
    }

    #[test]
    fn a_numeric_text_reads_as_a_number() {
        assert_eq!(RetryPolicy::parse(&json!("3")).unwrap().limit, 3);
    }

    #[test]
    fn exponential_waits_double_from_the_interval_up_to_the_maximum() {
        let config = json!({
            "limit": 4, "interval": 10, "interval_type": "EXPONENTIAL", "max_interval": 35
        });
        let policy = RetryPolicy::parse(&config).unwrap();

        let delays: Vec<_> = (0..5).map(|count| policy.delay(count)).collect();

        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(delays, [seconds(10), seconds(20), seconds(35), seconds(35), None]);
    }

    #[test]
    fn constant_waits_ignore_the_maximum() {
        let config = json!({"limit": 1, "interval": 60, "max_interval": 5});

        let policy = RetryPolicy::parse(&config).unwrap();

        assert_eq!(policy.delay(0), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_wait_beyond_all_numbers_stays_at_the_longest() {
        let config = json!({"limit": 999, "interval": 10, "interval_type": "exponential"});

        let delay = RetryPolicy::parse(&config).unwrap().delay(900);

        assert!(delay > Some(Duration::from_secs(1_000_000)));
    }

    #[test]
    fn a_negative_limit_means_no_retry() {
        assert_eq!(RetryPolicy::parse(&json!(-1)).unwrap().delay(0), None);
    }

    #[test]
    fn forms_that_are_no_policy_are_refused() {
        let refused = [
            json!(true),
            json!([3]),
            json!("${n}"),
            json!({"interval": 5}),
            json!({"limit": 1.5}),
            json!({"limit": 1, "interval_type": "linear"}),
        ];

        for value in refused {
            assert!(RetryPolicy::parse(&value).is_err(), "{value}");
        }
    }
}
