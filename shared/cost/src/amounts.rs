//! Bytes and dollars, as people write and read them. Whole numbers inside: sums of thousands of queries stay exact.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not an amount of money.
    #[error("not an amount of US dollars; write it as 25 or 0.50")]
    Usd,
    /// Not an amount of data.
    #[error("not an amount of data; write it as 500GiB or 2TiB")]
    Bytes,
}

/// An amount of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Bytes(pub u64);

/// Units, largest first. BigQuery counts in powers of two, also where its pages write MB.
const UNITS: [(&str, u64); 10] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("B", 1),
];

impl FromStr for Bytes {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim();
        let is_unit = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
        let factor = match UNITS.iter().find(is_unit) {
            Some((_, factor)) => *factor,
            None if unit.is_empty() => 1,
            None => return Err(AmountError::Bytes),
        };
        scaled(number, factor).map(Self).ok_or(AmountError::Bytes)
    }
}

/// Three digits or so: `1.4 GiB`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(name, factor): &&(&str, u64)| name.ends_with("iB") && self.0 >= *factor;
        match UNITS.iter().find(fits) {
            Some((name, factor)) => f.pad(&format!("{} {name}", tenths(self.0, *factor))),
            None => f.pad(&format!("{} B", self.0)),
        }
    }
}

/// US dollars, in billionths: ten megabytes cost 0.00006 dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    nanos: u128,
}

const NANOS: u64 = 1_000_000_000;

impl Usd {
    /// As a number with a fraction, for metrics.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a metric needs no more than 52 bits")]
        let nanos = self.nanos as f64;
        nanos / 1e9
    }

    pub(crate) fn from_nanos(nanos: u128) -> Self {
        Self { nanos }
    }

    pub(crate) fn nanos(self) -> u128 {
        self.nanos
    }
}

impl FromStr for Usd {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let number = text.strip_prefix('$').unwrap_or(text);
        scaled(number, NANOS).map(|nanos| Self { nanos: nanos.into() }).ok_or(AmountError::Usd)
    }
}

/// Cents, and more digits for less than one.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, digits) = match self.nanos {
            0 => (1, 0),
            1..10_000_000 => (1_000, 6),
            _ => (10_000_000, 2),
        };
        // Upwards: no amount looks smaller than it is.
        let steps = self.nanos.div_ceil(step);
        let in_dollar = u128::from(NANOS) / step;
        let (dollars, rest) = (steps / in_dollar, steps % in_dollar);
        match digits {
            0 => f.pad("$0"),
            digits => f.pad(&format!("${dollars}.{rest:0digits$}")),
        }
    }
}

/// A number, for programs.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = u128::from(NANOS);
        let text = format!("{}.{:09}", self.nanos / nanos, self.nanos % nanos);
        serializer.serialize_f64(text.parse().unwrap_or(f64::INFINITY))
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self { nanos: amounts.fold(0, |sum, amount| sum.saturating_add(amount.nanos)) }
    }
}

/// A decimal number times a factor, rounded down.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let places = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let number = whole.parse::<u64>().map(u128::from).ok()?.checked_mul(places)? + fraction;
    u64::try_from(number.checked_mul(u128::from(factor))? / places).ok()
}

/// `number / factor` with one decimal, rounded up.
fn tenths(number: u64, factor: u64) -> String {
    let tenths = (u128::from(number) * 10).div_ceil(u128::from(factor));
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let bytes = |text: &str| text.parse::<Bytes>().map(|bytes| bytes.0);
        assert_eq!(bytes("500GiB"), Ok(500 << 30));
        assert_eq!(bytes("1.5 tib"), Ok(3 << 39));
        assert_eq!(bytes("10MB"), Ok(10_000_000));
        assert_eq!(bytes("123"), Ok(123));
        for wrong in ["", "GiB", "5 apples", "-1", "1e9", "1.2.3"] {
            assert_eq!(bytes(wrong), Err(AmountError::Bytes), "{wrong}");
        }
        assert_eq!("$6.25".parse(), "6.250".parse::<Usd>());
        assert_eq!("6,25".parse::<Usd>(), Err(AmountError::Usd));
    }

    #[test]
    fn an_amount_never_looks_smaller_than_it_is() {
        let shown = |text: &str| text.parse::<Usd>().unwrap().to_string();
        assert_eq!(shown("0"), "$0");
        assert_eq!(shown("0.000000001"), "$0.000001");
        assert_eq!(shown("0.009999"), "$0.009999");
        assert_eq!(shown("12.301"), "$12.31");
        assert_eq!(Bytes(0).to_string(), "0 B");
        assert_eq!(Bytes(1_023).to_string(), "1023 B");
        assert_eq!(Bytes((1 << 30) + 1).to_string(), "1.1 GiB");
    }

    #[test]
    fn programs_get_a_number() {
        let usd: Usd = "0.000059605".parse().unwrap();

        assert_eq!(serde_json::to_value(usd).unwrap(), 0.000059605);
    }
}
