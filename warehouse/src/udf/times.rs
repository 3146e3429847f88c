//! Zones, FORMAT_ and PARSE_ of dates and times.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use chrono::format::{Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, NaiveTime, TimeZone, Timelike};
use chrono_tz::Tz;
use duckdb::arrow::array::{
    Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondBuilder,
};
use duckdb::arrow::datatypes::DataType;
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

use super::{Column, datetime_type, instants, strings, timestamp_type};

/// Civil time of an instant in a zone.
pub(super) struct Local;

impl VArrowScalar for Local {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (times, zones) = (instants(&batch, 0)?, strings(&batch, 1)?);
        let mut last_zone = LastZone::default();
        let mut offsets = Offsets::default();
        let mut out = TimestampMicrosecondBuilder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if times.is_null(row) || zones.is_null(row) {
                out.append_null();
                continue;
            }
            let zone = last_zone.get(zones.value(row))?;
            out.append_value(offsets.civil(times.value(row), zone)?);
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![timestamp_type(), DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, datetime_type())]
    }
}

/// Instant of a civil time in a zone; of two (clocks set back) the first.
pub(super) struct Utc;

impl VArrowScalar for Utc {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (times, zones) = (instants(&batch, 0)?, strings(&batch, 1)?);
        let mut last_zone = LastZone::default();
        let mut out = TimestampMicrosecondBuilder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if times.is_null(row) || zones.is_null(row) {
                out.append_null();
                continue;
            }
            let civil = instant(times.value(row))?.naive_utc();
            let zone = last_zone.get(zones.value(row))?;
            out.append_value(in_zone(civil, zone)?.timestamp_micros());
        }
        Ok(Arc::new(out.finish().with_timezone("UTC")))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![datetime_type(), DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, timestamp_type())]
    }
}

/// A civil time that a zone skips (clocks set forward) is read with the offset before the gap.
fn in_zone(civil: NaiveDateTime, zone: Tz) -> Result<DateTime<Tz>, Box<dyn Error>> {
    match zone.from_local_datetime(&civil) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(time),
        LocalResult::None => {
            let hour = chrono::TimeDelta::hours(1);
            zone.from_local_datetime(&(civil - hour))
                .earliest()
                .map(|before| before + hour)
                .ok_or_else(|| format!("Invalid civil time {civil} in {zone}").into())
        }
    }
}

/// FORMAT_DATE, FORMAT_DATETIME, FORMAT_TIMESTAMP: (civil time, format, name of the zone).
pub(super) struct Format;

impl VArrowScalar for Format {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (times, formats, zones) =
            (instants(&batch, 0)?, strings(&batch, 1)?, strings(&batch, 2)?);
        let mut out = StringBuilder::new();
        for row in 0..batch.num_rows() {
            if times.is_null(row) || formats.is_null(row) || zones.is_null(row) {
                out.append_null();
                continue;
            }
            let civil = instant(times.value(row))?.naive_utc();
            out.append_value(format(formats.value(row), civil, zones.value(row))?);
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![datetime_type(), DataType::Utf8, DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, DataType::Utf8)]
    }
}

/// PARSE_DATE, PARSE_DATETIME, PARSE_TIMESTAMP: (format, text) to a civil time.
pub(super) struct Parse;

impl VArrowScalar for Parse {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (formats, texts) = (strings(&batch, 0)?, strings(&batch, 1)?);
        let mut out = TimestampMicrosecondBuilder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if formats.is_null(row) || texts.is_null(row) {
                out.append_null();
                continue;
            }
            let text = texts.value(row);
            let civil = parse(formats.value(row), text)
                .ok_or_else(|| format!("Failed to parse input string \"{text}\""))?;
            out.append_value(civil.and_utc().timestamp_micros());
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![DataType::Utf8, DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, datetime_type())]
    }
}

/// CAST(timestamp AS STRING): `2026-11-01 00:30:00+00`, with three or six digits when needed.
pub(super) struct TimestampText;

impl VArrowScalar for TimestampText {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let mut out = StringBuilder::new();
        for micros in instants(&batch, 0)? {
            match micros {
                None => out.append_null(),
                Some(micros) => {
                    let time = instant(micros)?.naive_utc();
                    let fraction = match micros.rem_euclid(1_000_000) {
                        0 => String::new(),
                        part if part % 1000 == 0 => format!(".{:03}", part / 1000),
                        part => format!(".{part:06}"),
                    };
                    out.append_value(format!("{}{fraction}+00", time.format("%F %T")));
                }
            }
        }
        Ok(Arc::<StringArray>::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![timestamp_type()], DataType::Utf8)]
    }
}

fn instant(micros: i64) -> Result<DateTime<chrono::Utc>, Box<dyn Error>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| "time out of range".into())
}

/// Offsets of the days of one batch: looking up a zone's rules for every row costs more than the
/// query itself.
#[derive(Default)]
struct Offsets {
    zone: Option<Tz>,
    /// Microseconds to add on a UTC day; `None` for a day on which clocks are changed.
    days: HashMap<i64, Option<i64>>,
    /// The last day and what to add on it: logs are nearly in the order of time, so most rows end here.
    last: Option<(Range<i64>, i64)>,
}

impl Offsets {
    fn civil(&mut self, micros: i64, zone: Tz) -> Result<i64, Box<dyn Error>> {
        const DAY: i64 = 24 * 60 * 60 * 1_000_000;
        if self.zone.replace(zone) != Some(zone) {
            self.days.clear();
            self.last = None;
        }
        if let Some((day, offset)) = &self.last
            && day.contains(&micros)
        {
            return Ok(micros + offset);
        }
        let exact = |micros: i64| -> Result<i64, Box<dyn Error>> {
            let civil = instant(micros)?.with_timezone(&zone).naive_local();
            Ok(civil.and_utc().timestamp_micros())
        };
        let day = micros.div_euclid(DAY);
        let offset = match self.days.get(&day) {
            Some(offset) => *offset,
            None => {
                // No zone changes its clocks twice within a day.
                let (first, last) = (day * DAY, day * DAY + DAY - 1);
                let (at_first, at_last) = (exact(first)? - first, exact(last)? - last);
                let offset = (at_first == at_last).then_some(at_first);
                self.days.insert(day, offset);
                offset
            }
        };
        match offset {
            Some(offset) => {
                self.last = Some((day * DAY..(day + 1) * DAY, offset));
                Ok(micros + offset)
            }
            None => exact(micros),
        }
    }
}

/// A batch nearly always has one zone: it is looked up once, not per row.
#[derive(Default)]
struct LastZone(Option<(String, Tz)>);

impl LastZone {
    fn get(&mut self, name: &str) -> Result<Tz, Box<dyn Error>> {
        if let Some((known, zone)) = &self.0
            && known == name
        {
            return Ok(*zone);
        }
        let zone = zone_of(name).ok_or_else(|| format!("Invalid time zone: {name}"))?;
        self.0 = Some((name.into(), zone));
        Ok(zone)
    }
}

/// A name such as `Asia/Tokyo`, or whole hours such as `+09:00`.
pub(crate) fn zone_of(name: &str) -> Option<Tz> {
    let Some(digits) = name.strip_prefix(['+', '-']) else {
        return name.parse().ok();
    };
    let hours: u8 = digits.strip_suffix(":00").unwrap_or(digits).parse().ok()?;
    // The names of the zone table count westwards.
    let sign = if name.starts_with('+') { '-' } else { '+' };
    format!("Etc/GMT{sign}{hours}").parse().ok()
}

/// Elements that chrono prints as GoogleSQL does; a format with another one is refused.
const SHARED_ELEMENTS: &str = "AaBbCcDdeFGgHhIjklMmnpRSsTtUuVWwXxYyz%";

fn format(format: &str, time: NaiveDateTime, zone: &str) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('Q') => write!(out, "{}", time.month0() / 3 + 1)?,
            Some('Z') => out.push_str(zone),
            Some('z') => out.push_str(&offset(time, zone)?),
            Some('E') if rest.peek() == Some(&'z') => {
                rest.next();
                let offset = offset(time, zone)?;
                let (hours, minutes) = offset.split_at(offset.len().min(3));
                write!(out, "{hours}:{minutes}")?;
            }
            Some('E') => match (rest.next(), rest.next()) {
                (Some('4'), Some('Y')) => write!(out, "{:04}", time.year())?,
                (Some('*'), Some('S')) => {
                    let fraction = format!("{:09}", time.nanosecond());
                    let text = format!("{:02}.{}", time.second(), fraction.trim_end_matches('0'));
                    out.push_str(text.trim_end_matches('.'));
                }
                (Some(digits @ '1'..='6'), Some('S')) => {
                    let keep = digits as usize - '0' as usize;
                    write!(
                        out,
                        "{:02}.{:.keep$}",
                        time.second(),
                        format!("{:09}", time.nanosecond())
                    )?;
                }
                _ => return Err(unknown_element(format)),
            },
            Some(element) if SHARED_ELEMENTS.contains(element) => {
                write!(out, "{}", time.format(&format!("%{element}")))?;
            }
            _ => return Err(unknown_element(format)),
        }
    }
    Ok(out)
}

fn offset(civil: NaiveDateTime, zone: &str) -> Result<String, Box<dyn Error>> {
    let zone = zone_of(zone).ok_or_else(|| format!("Invalid time zone: {zone}"))?;
    Ok(in_zone(civil, zone)?.format("%z").to_string())
}

fn unknown_element(format: &str) -> Box<dyn Error> {
    format!("unsupported: an element of the format string \"{format}\"").into()
}

fn parse(format: &str, text: &str) -> Option<NaiveDateTime> {
    let format = format
        .replace("%E*S", "%S%.f")
        .replace("%E4Y", "%Y")
        .replace("%F", "%Y-%m-%d")
        .replace("%T", "%H:%M:%S");
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text.trim(), StrftimeItems::new(&format)).ok()?;
    if let Some(seconds) = parsed.timestamp() {
        return Some(DateTime::from_timestamp(seconds, 0)?.naive_utc());
    }
    // What the text leaves out is taken from 1970-01-01 00:00:00.
    if parsed.year().is_none() && parsed.year_mod_100().is_none() {
        parsed.set_year(1970).ok()?;
    }
    if parsed.month().is_none() && parsed.ordinal().is_none() {
        parsed.set_month(1).ok()?;
    }
    if parsed.day().is_none() && parsed.ordinal().is_none() {
        parsed.set_day(1).ok()?;
    }
    if parsed.hour_div_12().is_none() && parsed.hour_mod_12().is_none() {
        parsed.set_hour(0).ok()?;
    }
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let date = parsed.to_naive_date().ok()?;
    let time = NaiveDateTime::new(date, parsed.to_naive_time().unwrap_or(NaiveTime::MIN));
    let east = parsed.offset().unwrap_or(0);
    time.checked_sub_signed(chrono::TimeDelta::seconds(i64::from(east)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%F %T%.f").unwrap()
    }

    #[test]
    fn formats_know_googles_own_elements() {
        let time = at("2026-11-01 09:05:03.250");

        assert_eq!(format("%Y%m%d Q%Q", time, "UTC").unwrap(), "20261101 Q4");
        assert_eq!(format("%E*S %E3S %E4Y", time, "UTC").unwrap(), "03.25 03.250 2026");
        assert_eq!(format("%z %Ez %Z", time, "Asia/Tokyo").unwrap(), "+0900 +09:00 Asia/Tokyo");
        assert!(format("%!", time, "UTC").is_err());
    }

    #[test]
    fn parsing_fills_what_the_text_leaves_out() {
        assert_eq!(parse("%Y%m%d", "20261101"), Some(at("2026-11-01 00:00:00")));
        assert_eq!(parse("%Y-%m", "2026-11"), Some(at("2026-11-01 00:00:00")));
        assert_eq!(parse("%F %T%z", "2026-11-01 09:00:00+0900"), Some(at("2026-11-01 00:00:00")));
        assert_eq!(parse("%Y%m%d", "2026-11-01"), None);
    }

    #[test]
    fn offsets_follow_a_change_of_clocks_within_a_day() {
        let zone: Tz = "America/Los_Angeles".parse().unwrap();
        let mut offsets = Offsets::default();
        let mut hour = |text| {
            let micros = at(text).and_utc().timestamp_micros();
            (offsets.civil(micros, zone).unwrap() - micros) / 3_600_000_000
        };

        // Summer time ends at 09:00 UTC.
        assert_eq!(hour("2026-11-01 08:59:59"), -7);
        assert_eq!(hour("2026-11-01 09:00:00"), -8);
        assert_eq!(hour("2026-11-02 00:00:00"), -8);
        assert_eq!(hour("2026-10-31 23:59:59"), -7);
        assert_eq!(hour("2026-10-31 00:00:00"), -7);
        assert_eq!(hour("2026-11-01 09:00:00"), -8);
    }

    #[test]
    fn a_skipped_hour_is_read_with_the_offset_before_it() {
        let zone = "America/New_York".parse().unwrap();

        let time = in_zone(at("2026-03-08 02:30:00"), zone).unwrap();

        assert_eq!(time.naive_utc(), at("2026-03-08 07:30:00"));
    }
}
