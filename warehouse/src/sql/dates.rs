//! Dates, civil times and instants, with zones.
//!
//! An instant is worked on as civil time of a zone: `bq_local` goes there, `bq_utc` back. Both are
//! our own functions, so zones do not depend on a DuckDB extension.

use super::call::Call;
use super::types::{unquoted, word};
use super::zones;
use crate::ids::literal;

pub(super) fn translate(call: &Call) -> Option<String> {
    let args = call.strs();
    constructors(call, &args)
        .or_else(|| arithmetic(call, &args))
        .or_else(|| formats(call, &args))
        .or_else(|| epochs(call, &args))
}

fn constructors(call: &Call, args: &[&str]) -> Option<String> {
    Some(match (call.name.as_str(), args) {
        ("DATE", [x]) => date(x),
        ("$DATE_OF_INSTANT", [x]) => format!("CAST({} AS DATE)", civil_utc(x)),
        ("$DATE_OF_INSTANT", [x, zone]) => format!("CAST({} AS DATE)", civil(x, Some(zone))),
        ("DATE", [x, zone]) => format!("CAST({} AS DATE)", civil(x, Some(zone))),
        ("DATE", [year, month, day]) => format!("make_date({year}, {month}, {day})"),
        ("TIMESTAMP", [x]) => instant(x, None),
        ("TIMESTAMP", [x, zone]) => instant(x, Some(zone)),
        ("$DATETIME_OF_PARTS", [x, time]) => format!("(CAST({x} AS DATE) + CAST({time} AS TIME))"),
        ("DATETIME", [x]) => civil(x, None),
        ("DATETIME", [x, zone]) => civil(x, Some(zone)),
        ("DATETIME", [_, _, _, _, _, _]) => format!("make_timestamp({})", args.join(", ")),
        ("TIME", [x]) => format!("CAST({} AS TIME)", civil(x, None)),
        ("TIME", [hour, minute, second]) => format!("make_time({hour}, {minute}, {second})"),
        ("TIME", [x, zone]) => format!("CAST({} AS TIME)", civil(x, Some(zone))),
        ("CURRENT_TIMESTAMP", []) => "now()".into(),
        ("CURRENT_DATE", []) => date("now()"),
        ("CURRENT_DATE", [zone]) => format!("CAST({} AS DATE)", civil("now()", Some(zone))),
        ("CURRENT_DATETIME", zone) if zone.len() < 2 => civil("now()", zone.first().copied()),
        ("CURRENT_TIME", zone) if zone.len() < 2 => {
            format!("CAST({} AS TIME)", civil("now()", zone.first().copied()))
        }
        _ => return None,
    })
}

fn arithmetic(call: &Call, args: &[&str]) -> Option<String> {
    Some(match (call.name.as_str(), args) {
        ("DATE_ADD", [x, step]) if is_interval(step) => {
            format!("CAST({} + {step} AS DATE)", civil(x, None))
        }
        ("DATE_SUB", [x, step]) if is_interval(step) => {
            format!("CAST({} - {step} AS DATE)", civil(x, None))
        }
        ("DATETIME_ADD", [x, step]) if is_interval(step) => {
            format!("({} + {step})", civil(x, None))
        }
        ("DATETIME_SUB", [x, step]) if is_interval(step) => {
            format!("({} - {step})", civil(x, None))
        }
        ("TIMESTAMP_ADD", [x, step]) if is_exact(step) => {
            instant_utc(&format!("({} + {step})", civil_utc(x)))
        }
        ("TIMESTAMP_SUB", [x, step]) if is_exact(step) => {
            instant_utc(&format!("({} - {step})", civil_utc(x)))
        }
        ("DATE_DIFF", [x, y, part]) => boundaries(&date(x), &date(y), part)?,
        ("DATETIME_DIFF", [x, y, part]) => boundaries(&civil(x, None), &civil(y, None), part)?,
        ("TIMESTAMP_DIFF", [x, y, part]) => {
            // Whole units between two instants, not boundaries crossed.
            let part = exact_part(part)?;
            format!("date_sub('{part}', {}, {})", civil_utc(y), civil_utc(x))
        }
        ("DATE_TRUNC", [x, part]) => format!("CAST({} AS DATE)", truncated(&date(x), part)?),
        ("DATETIME_TRUNC", [x, part]) => {
            format!("CAST({} AS TIMESTAMP)", truncated(&civil(x, None), part)?)
        }
        ("TIMESTAMP_TRUNC", [x, part]) => instant_utc(&truncated(&civil_utc(x), part)?),
        ("TIMESTAMP_TRUNC", [x, part, zone]) => {
            instant(&truncated(&civil(x, Some(zone)), part)?, Some(zone))
        }
        ("TIME_ADD", [x, step]) if is_interval(step) => format!("(CAST({x} AS TIME) + {step})"),
        ("TIME_SUB", [x, step]) if is_interval(step) => format!("(CAST({x} AS TIME) - {step})"),
        ("TIME_DIFF", [x, y, part]) => boundaries(&on_first_day(x), &on_first_day(y), part)?,
        ("TIME_TRUNC", [x, part]) => {
            format!("CAST({} AS TIME)", truncated(&on_first_day(x), part)?)
        }
        ("LAST_DAY", [x]) => format!("last_day({})", date(x)),
        ("LAST_DAY", [x, part]) => {
            let part = word(part);
            let step =
                if part.starts_with("WEEK") || part == "ISOWEEK" { "WEEK" } else { part.as_str() };
            let start = truncated(&date(x), &part)?;
            format!("CAST({start} + INTERVAL 1 {step} - INTERVAL 1 DAY AS DATE)")
        }
        _ => return None,
    })
}

fn formats(call: &Call, args: &[&str]) -> Option<String> {
    Some(match (call.name.as_str(), args) {
        ("FORMAT_DATE" | "FORMAT_DATETIME", [format, x]) => {
            printed(&civil(x, None), format, "'UTC'")
        }
        ("FORMAT_TIMESTAMP", [format, x]) => printed(&civil_utc(x), format, "'UTC'"),
        ("FORMAT_TIMESTAMP", [format, x, zone]) => printed(&civil(x, Some(zone)), format, zone),
        ("FORMAT_TIME", [format, x]) => printed(&on_first_day(x), format, "'UTC'"),
        ("PARSE_TIME", [format, x]) => format!("CAST(bq_parse_time({format}, {x}) AS TIME)"),
        ("PARSE_DATE", [format, x]) => format!("CAST(bq_parse_time({format}, {x}) AS DATE)"),
        ("PARSE_DATETIME", [format, x]) => format!("bq_parse_time({format}, {x})"),
        ("PARSE_TIMESTAMP", [format, x]) => instant(&format!("bq_parse_time({format}, {x})"), None),
        ("PARSE_TIMESTAMP", [format, x, zone]) => {
            instant(&format!("bq_parse_time({format}, {x})"), Some(zone))
        }
        ("STRING", [x, zone]) => {
            // The offset without minutes when there are none.
            let text =
                format!("bq_format_time({}, '%F %H:%M:%E*S%Ez', {zone})", civil(x, Some(zone)));
            format!("regexp_replace({text}, ':00$', '')")
        }
        _ => return None,
    })
}

/// A time of day as civil time, for what DuckDB knows of those alone.
fn on_first_day(time: &str) -> String {
    format!("(DATE '1970-01-01' + CAST({time} AS TIME))")
}

/// A civil time in a format. DuckDB prints a constant format of common elements by itself, many rows
/// at once.
fn printed(civil: &str, format: &str, zone: &str) -> String {
    match unquoted(format).as_deref().and_then(shared_format) {
        Some(shared) => format!("strftime({civil}, {})", literal(&shared)),
        None => format!("bq_format_time({civil}, {format}, {zone})"),
    }
}

/// The same format for DuckDB; none when it has another element.
fn shared_format(format: &str) -> Option<String> {
    let mut shared = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            shared.push(c);
            continue;
        }
        match rest.next()? {
            'F' => shared.push_str("%Y-%m-%d"),
            'T' => shared.push_str("%H:%M:%S"),
            'R' => shared.push_str("%H:%M"),
            element @ ('Y' | 'm' | 'd' | 'H' | 'M' | 'S' | 'j' | 'y' | 'B' | 'b' | 'A' | 'a'
            | '%') => {
                shared.push('%');
                shared.push(element);
            }
            _ => return None,
        }
    }
    Some(shared)
}

fn epochs(call: &Call, args: &[&str]) -> Option<String> {
    let micros = |x: &str| format!("epoch_us(CAST({x} AS TIMESTAMPTZ))");
    let from_micros = |x: &str, factor: u32| format!("bq_instant(CAST({x} AS BIGINT) * {factor})");
    Some(match (call.name.as_str(), args) {
        // Rounded towards the past, also before 1970.
        ("UNIX_SECONDS", [x]) => format!("CAST(floor({} / 1000000) AS BIGINT)", micros(x)),
        ("UNIX_MILLIS", [x]) => format!("CAST(floor({} / 1000) AS BIGINT)", micros(x)),
        ("UNIX_MICROS", [x]) => micros(x),
        ("TIMESTAMP_SECONDS", [x]) => from_micros(x, 1_000_000),
        ("TIMESTAMP_MILLIS", [x]) => from_micros(x, 1000),
        ("TIMESTAMP_MICROS", [x]) => from_micros(x, 1),
        ("UNIX_DATE", [x]) => format!("CAST({} - DATE '1970-01-01' AS BIGINT)", date(x)),
        ("DATE_FROM_UNIX_DATE", [x]) => format!("(DATE '1970-01-01' + CAST({x} AS INTEGER))"),
        _ => return None,
    })
}

/// The UTC day of a date, civil time or instant.
pub(super) fn date(x: &str) -> String {
    format!("CAST(CAST({x} AS TIMESTAMP) AS DATE)")
}

/// Civil time of an instant in a zone; UTC without one.
pub(super) fn civil(x: &str, zone: Option<&str>) -> String {
    let Some(zone) = zone else {
        return format!("CAST({x} AS TIMESTAMP)");
    };
    let instant = format!("CAST({x} AS TIMESTAMPTZ)");
    match zones::steady(zone) {
        Some(steady) => steady.local(&instant, zone),
        None => format!("bq_local({instant}, {zone})"),
    }
}

/// UTC's civil time of what is surely an instant: DuckDB's own cast takes the long way over ICU.
fn civil_utc(x: &str) -> String {
    civil(x, Some("'UTC'"))
}

/// The instant of a civil time in a zone; UTC without one.
fn instant(x: &str, zone: Option<&str>) -> String {
    let Some(zone) = zone else {
        return format!("CAST({x} AS TIMESTAMPTZ)");
    };
    let civil = format!("CAST({x} AS TIMESTAMP)");
    match zones::steady(zone) {
        Some(steady) => steady.utc(&civil, zone),
        None => format!("bq_utc({civil}, {zone})"),
    }
}

/// The instant of what is surely a civil time of UTC.
fn instant_utc(civil: &str) -> String {
    instant(civil, Some("'UTC'"))
}

/// The start of the part that holds a civil time. Weeks start on Sunday unless they say otherwise.
fn truncated(civil: &str, part: &str) -> Option<String> {
    let part = word(part);
    if let Some(shift) = week_shift(&part) {
        return Some(format!(
            "(date_trunc('week', {civil} - INTERVAL ({shift}) DAY) + INTERVAL ({shift}) DAY)"
        ));
    }
    Some(match part.as_str() {
        "ISOYEAR" => format!("date_trunc('isoyear', {civil})"),
        "MICROSECOND" | "MILLISECOND" | "SECOND" | "MINUTE" | "HOUR" | "DAY" | "MONTH"
        | "QUARTER" | "YEAR" => format!("date_trunc('{}', {civil})", part.to_lowercase()),
        _ => return None,
    })
}

/// Days after Monday, DuckDB's first day of a week.
fn week_shift(part: &str) -> Option<i32> {
    Some(match part {
        "WEEK" | "WEEK(SUNDAY)" => -1,
        "ISOWEEK" | "WEEK(MONDAY)" => 0,
        "WEEK(TUESDAY)" => 1,
        "WEEK(WEDNESDAY)" => 2,
        "WEEK(THURSDAY)" => 3,
        "WEEK(FRIDAY)" => 4,
        "WEEK(SATURDAY)" => 5,
        _ => return None,
    })
}

/// How many starts of a part lie between two civil times.
fn boundaries(x: &str, y: &str, part: &str) -> Option<String> {
    let part = word(part);
    let unit = match part.as_str() {
        "ISOYEAR" => "isoyear".to_owned(),
        week if week_shift(week).is_some() => "week".to_owned(),
        other => other.to_lowercase(),
    };
    Some(format!("date_diff('{unit}', {}, {})", truncated(y, &part)?, truncated(x, &part)?))
}

/// EXTRACT of a part from a civil time.
pub(super) fn extracted(part: &str, civil: &str) -> Option<String> {
    let part = word(part);
    Some(match part.as_str() {
        "DATE" => format!("CAST({civil} AS DATE)"),
        "DATETIME" => civil.to_owned(),
        "TIME" => format!("CAST({civil} AS TIME)"),
        "DAYOFWEEK" => format!("(dayofweek({civil}) + 1)"),
        "DAYOFYEAR" => format!("dayofyear({civil})"),
        // Days before the first Sunday (Monday) of the year are in week 0.
        "WEEK" | "WEEK(SUNDAY)" => format!("CAST(strftime({civil}, '%U') AS BIGINT)"),
        "WEEK(MONDAY)" => format!("CAST(strftime({civil}, '%W') AS BIGINT)"),
        "ISOWEEK" => format!("weekofyear({civil})"),
        "ISOYEAR" => format!("isoyear({civil})"),
        "SECOND" => format!("CAST(floor(date_part('second', {civil})) AS BIGINT)"),
        "MILLISECOND" => format!("(date_part('millisecond', {civil}) % 1000)"),
        "MICROSECOND" => format!("(date_part('microsecond', {civil}) % 1000000)"),
        "YEAR" | "QUARTER" | "MONTH" | "DAY" | "HOUR" | "MINUTE" => {
            format!("date_part('{}', {civil})", part.to_lowercase())
        }
        _ => return None,
    })
}

/// Whether an argument is an INTERVAL with a unit.
pub(super) fn is_interval(text: &str) -> bool {
    text.starts_with("INTERVAL (")
}

/// Instants have no months: the length of one depends on the zone.
fn is_exact(interval: &str) -> bool {
    is_interval(interval)
        && interval.rsplit_once(' ').is_some_and(|(_, unit)| exact_part(unit).is_some())
}

fn exact_part(part: &str) -> Option<String> {
    let part = word(part);
    ["MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY"]
        .contains(&part.as_str())
        .then(|| part.to_lowercase())
}
