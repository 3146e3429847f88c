//! How often a table may be changed in a day (<https://cloud.google.com/bigquery/quotas>, "Partitioned tables" and
//! "Standard tables"). The limits are fixed, and a plan that runs into one stops in its middle for up to a day.

use serde::Serialize;

/// How a table is partitioned, as far as its budget depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Partitioning {
    /// Not at all.
    None,
    /// By the time of the load, or by the decorator of the write.
    IngestionTime,
    /// By a column, of dates or numbers.
    Column,
}

/// What is known of a table's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// BigQuery says how the table is partitioned.
    Known(Partitioning),
    /// Nobody was asked: a write with a decorator is one into a partitioned table.
    Guessed {
        /// Whether the writes name a partition.
        decorated: bool,
    },
}

/// Share of a budget that a plan may use, in percent: retries and others who write need the rest.
const SHARE: u64 = 80;

impl Budget {
    /// Changes of one table that BigQuery allows in a day.
    #[must_use]
    pub fn per_day(self) -> u64 {
        match self {
            Self::Known(Partitioning::Column) => 30_000,
            // Without knowing better, the stricter of the two kinds.
            Self::Known(Partitioning::IngestionTime) | Self::Guessed { decorated: true } => 11_000,
            Self::Known(Partitioning::None) | Self::Guessed { decorated: false } => 1_500,
        }
    }

    /// Changes that a plan may make.
    #[must_use]
    pub fn for_a_plan(self) -> u64 {
        self.per_day() * SHARE / 100
    }

    /// What the table is, in a sentence.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Known(Partitioning::None) => "is not partitioned",
            Self::Known(Partitioning::IngestionTime) => "is partitioned by ingestion time",
            Self::Known(Partitioning::Column) => "is partitioned by a column",
            Self::Guessed { decorated: true } => "is perhaps partitioned by ingestion time",
            Self::Guessed { decorated: false } => "is perhaps not partitioned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_may_use_four_fifths_of_the_day() {
        let cases = [
            (Budget::Known(Partitioning::Column), 24_000),
            (Budget::Known(Partitioning::IngestionTime), 8_800),
            (Budget::Known(Partitioning::None), 1_200),
            (Budget::Guessed { decorated: true }, 8_800),
            (Budget::Guessed { decorated: false }, 1_200),
        ];

        for (budget, allowed) in cases {
            assert_eq!(budget.for_a_plan(), allowed, "{budget:?}");
        }
    }
}
