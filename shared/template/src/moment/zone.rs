//! Time zones, the workflow's and those of `tz()`: offsets of instants, and instants of wall-clock times.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::calendar::fields;

/// A time zone, asked in JavaScript's milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Zone(pub(crate) TimeZone);

impl Zone {
    /// Milliseconds to add to UTC at an instant. Before jiff's years the oldest known offset.
    pub(crate) fn offset_ms(&self, utc_ms: f64) -> f64 {
        let at = timestamp(utc_ms);
        f64::from(self.0.to_offset(at).seconds()) * 1_000.0
    }

    /// The name of the zone in the time zone database.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// `JST`, `PDT`, `-03`: what the database calls the zone's time at an instant.
    pub(crate) fn abbreviation(&self, utc_ms: f64) -> String {
        self.0.to_offset_info(timestamp(utc_ms)).abbreviation().to_owned()
    }

    /// The wall clock at an instant, as milliseconds.
    pub(crate) fn local_ms(&self, utc_ms: f64) -> f64 {
        utc_ms + self.offset_ms(utc_ms)
    }

    /// The instant of a wall-clock time. A time that a clock change skips or repeats is read with the
    /// offset before the change: JavaScript's rule, and jiff's `compatible`.
    pub(crate) fn utc_ms(&self, local_ms: f64) -> f64 {
        // What no `Date` can hold.
        if local_ms.is_nan() || local_ms.abs() > 8.65e15 {
            return f64::NAN;
        }
        let cycles = cycles_ms(local_ms);
        let Some(time) = civil_time(local_ms - cycles) else {
            return local_ms - self.offset_ms(local_ms);
        };
        match self.0.to_ambiguous_timestamp(time).compatible() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "jiff's range is below 2^53 milliseconds"
            )]
            Ok(at) => at.as_millisecond() as f64 + cycles,
            Err(_) => local_ms - self.offset_ms(local_ms),
        }
    }
}

/// After so many milliseconds the calendar repeats itself, days of the week included: 400 years.
const CYCLE_MS: f64 = 146_097.0 * 86_400_000.0;
/// The year 9000. jiff ends with 9999; what is later has the rules of the same day some cycles before.
const LATE_MS: f64 = 221_845_392e6;

/// The cycles by which a time is too late for jiff, in milliseconds.
fn cycles_ms(ms: f64) -> f64 {
    if ms > LATE_MS { ((ms - LATE_MS) / CYCLE_MS).ceil() * CYCLE_MS } else { 0.0 }
}

/// The instant in jiff's years that has the same rules.
fn timestamp(utc_ms: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, the clamp follows")]
    let ms = (utc_ms - cycles_ms(utc_ms)) as i64;
    let ms = ms.max(Timestamp::MIN.as_millisecond());
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `None` before jiff's years.
fn civil_time(local_ms: f64) -> Option<civil::DateTime> {
    let fields = fields(local_ms);
    civil::DateTime::new(
        i16::try_from(fields.year).ok()?,
        i8::try_from(fields.month + 1).ok()?,
        i8::try_from(fields.date).ok()?,
        i8::try_from(fields.hour).ok()?,
        i8::try_from(fields.minute).ok()?,
        i8::try_from(fields.second).ok()?,
        i32::try_from(fields.millisecond * 1_000_000).ok()?,
    )
    .ok()
}
