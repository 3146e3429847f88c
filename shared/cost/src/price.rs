//! Google's on-demand price (<https://cloud.google.com/bigquery/pricing>, "On-demand compute pricing"): bytes are
//! rounded up to whole megabytes, with ten at least for each table that a query reads, and for each query. They are
//! binary ones: a job that reads a byte has `totalBytesBilled` 10485760.

use crate::amounts::{AmountError, Bytes, Usd};

/// US dollars for a tebibyte that queries read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    per_tib: Usd,
}

const MIB: u64 = 1 << 20;

/// For each table that a query reads.
const LEAST: u64 = 10 * MIB;

const TIB: u128 = 1 << 40;

/// That of the US multi-region.
impl Default for Price {
    fn default() -> Self {
        Self { per_tib: Usd::from_nanos(6_250_000_000) }
    }
}

impl Price {
    /// What bytes cost that are billed.
    #[must_use]
    pub fn of(self, billed: Bytes) -> Usd {
        let nanos = self.per_tib.nanos().saturating_mul(u128::from(billed.0));
        Usd::from_nanos(nanos.div_ceil(TIB))
    }

    /// What is billed for one query that reads bytes of a number of tables, if that is known.
    #[must_use]
    pub fn billed(read: Bytes, tables: Option<usize>) -> Bytes {
        let tables = match tables {
            // `SELECT 1` is free.
            Some(0) if read.0 == 0 => 0,
            Some(tables) => u64::try_from(tables).unwrap_or(u64::MAX).max(1),
            None => 1,
        };
        let megabytes = read.0.div_ceil(MIB).saturating_mul(MIB);
        Bytes(megabytes.max(LEAST.saturating_mul(tables)))
    }

    /// As it was given.
    #[must_use]
    pub fn per_tib(self) -> Usd {
        self.per_tib
    }
}

impl std::str::FromStr for Price {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { per_tib: text.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tebibyte_costs_the_price() {
        let price: Price = "6.25".parse().unwrap();

        assert_eq!(price.of(Bytes(1 << 40)).to_string(), "$6.25");
        assert_eq!(price.of(Bytes(10 << 20)).to_string(), "$0.000060");
    }

    #[test]
    fn ten_megabytes_are_billed_for_each_table_at_least() {
        let billed = |read, tables| Price::billed(Bytes(read), tables).0 / MIB;

        assert_eq!(billed(1, None), 10);
        assert_eq!(billed(0, Some(0)), 0);
        assert_eq!(billed(0, Some(1)), 10);
        assert_eq!(billed(1, Some(3)), 30);
        assert_eq!(billed((10 << 20) + 1, Some(1)), 11);
    }
}
