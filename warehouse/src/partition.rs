//! Partition decorators: `table$20261101` names the rows of one hour, day, month or year (UTC).
//!
//! Source: BigQuery's page "Partitioned tables".

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::error::BqError;

/// The length of a table's partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Granularity {
    /// Ten digits, `2026110109`.
    Hour,
    /// Eight digits, `20261101`.
    Day,
    /// Six digits, `202611`.
    Month,
    /// Four digits, `2026`.
    Year,
}

impl Granularity {
    /// Digits of a decorator.
    pub(crate) fn digits(self) -> usize {
        match self {
            Self::Hour => 10,
            Self::Day => 8,
            Self::Month => 6,
            Self::Year => 4,
        }
    }

    /// BigQuery's and DuckDB's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    /// The partition type that a decorator of this length belongs to.
    pub(crate) fn of_decorator(decorator: &str) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Month, Self::Year]
            .into_iter()
            .find(|g| g.digits() == decorator.len())
    }

    /// DuckDB's `strftime` pattern that prints a partition's id.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Hour => "%Y%m%d%H",
            Self::Day => "%Y%m%d",
            Self::Month => "%Y%m",
            Self::Year => "%Y",
        }
    }
}

/// One partition: its id and its limits in UTC, the end excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The digits after `$`.
    pub(crate) id: String,
    /// First instant.
    pub(crate) start: NaiveDateTime,
    /// First instant of the next one.
    pub(crate) end: NaiveDateTime,
}

impl Partition {
    /// Reads a decorator for a table of this granularity.
    ///
    /// # Errors
    /// `invalid` when it is no date, or has the length of another partition type.
    pub(crate) fn parse(decorator: &str, granularity: Granularity) -> Result<Self, BqError> {
        let wrong = || {
            BqError::invalid(format!(
                "Invalid time partitioning decorator \"{decorator}\": the table is partitioned by \
                 {}, so {} digits are needed.",
                granularity.name(),
                granularity.digits()
            ))
        };
        if decorator.len() != granularity.digits() || !decorator.chars().all(|c| c.is_ascii_digit())
        {
            return Err(wrong());
        }
        let number = |from: usize, to: usize, missing: u32| {
            decorator
                .get(from..to)
                .map_or(Ok(missing), |digits| digits.parse().map_err(|_| wrong()))
        };
        let year = i32::try_from(number(0, 4, 1970)?).map_err(|_| wrong())?;
        let start = NaiveDate::from_ymd_opt(year, number(4, 6, 1)?, number(6, 8, 1)?)
            .and_then(|day| day.and_hms_opt(number(8, 10, 0).ok()?, 0, 0))
            .filter(|start| start.year() > 0)
            .ok_or_else(wrong)?;
        let end = match granularity {
            Granularity::Hour => start.checked_add_signed(TimeDelta::hours(1)),
            Granularity::Day => start.checked_add_signed(TimeDelta::days(1)),
            Granularity::Month => start.checked_add_months(Months::new(1)),
            Granularity::Year => start.checked_add_months(Months::new(12)),
        };
        Ok(Self { id: decorator.into(), start, end: end.ok_or_else(wrong)? })
    }

    /// The partition that holds an instant, for rows without decorator in an ingestion-time table.
    ///
    /// # Errors
    /// `invalid` when the clock shows a year that partitions do not have.
    pub(crate) fn at(
        now: DateTime<chrono::Utc>,
        granularity: Granularity,
    ) -> Result<Self, BqError> {
        Self::parse(&now.format(granularity.pattern()).to_string(), granularity)
    }
}

/// Splits `table$20261101` into the table and the decorator.
pub(crate) fn split_decorator(table: &str) -> (&str, Option<&str>) {
    match table.split_once('$') {
        Some((table, decorator)) => (table, Some(decorator)),
        None => (table, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let day = Partition::parse("20241231", Granularity::Day).unwrap();

        assert_eq!(day.start.to_string(), "2024-12-31 00:00:00");
        assert_eq!(day.end.to_string(), "2025-01-01 00:00:00");
    }

    #[test]
    fn each_length_fits_one_partition_type() {
        for (decorator, granularity) in [
            ("2026110109", Granularity::Hour),
            ("20261101", Granularity::Day),
            ("202611", Granularity::Month),
            ("2026", Granularity::Year),
        ] {
            assert_eq!(Granularity::of_decorator(decorator), Some(granularity));
            assert_eq!(Partition::parse(decorator, granularity).unwrap().id, decorator);
        }
        assert!(Partition::parse("202611", Granularity::Day).is_err());
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        assert!(Partition::parse("20260230", Granularity::Day).is_err());
        assert!(Partition::parse("2026ab01", Granularity::Day).is_err());
        assert!(Partition::parse("2026110124", Granularity::Hour).is_err());
    }
}
