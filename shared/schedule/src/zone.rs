//! `timezone:` as digdag reads it: Java's `ZoneId.of`, over the bundled time zone database.

use himekuri_workflow::did_you_mean;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// Largest offset that Java accepts, seconds.
const MAX_OFFSET: i32 = 18 * 3600;

/// A time zone that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`{}", cure(.similar))]
pub struct TimeZoneError {
    /// The name as written.
    pub name: String,
    /// The name that was probably meant.
    pub similar: Option<String>,
}

fn cure(similar: &Option<String>) -> String {
    match similar {
        Some(name) => format!("; did you mean `{name}`?"),
        None => {
            "; write a region such as `Asia/Tokyo`, an offset such as `+09:00`, or `UTC`".into()
        }
    }
}

/// The zone of a region (`Asia/Tokyo`), an offset (`+09:00`, `+9`, `-0330`, `Z`), or `UTC`, `GMT`,
/// `UT` with or without an offset.
///
/// # Errors
/// No zone has the name. Regions are case-sensitive, as in digdag.
pub fn time_zone(name: &str) -> Result<TimeZone, TimeZoneError> {
    if let Some(offset) = offset_of(name) {
        return Ok(if offset == Offset::UTC { TimeZone::UTC } else { TimeZone::fixed(offset) });
    }
    let database = TimeZoneDatabase::bundled();
    let found = database.get(name).ok().filter(|zone| zone.iana_name() == Some(name));
    found.ok_or_else(|| TimeZoneError {
        name: name.to_owned(),
        similar: similar_region(&database, name),
    })
}

fn offset_of(name: &str) -> Option<Offset> {
    let prefix = ["UTC", "GMT", "UT"].into_iter().find(|prefix| name.starts_with(prefix));
    let rest = prefix.map_or(name, |prefix| &name[prefix.len()..]);
    if (prefix.is_some() && rest.is_empty()) || name == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match rest.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let seconds = seconds_of(rest).filter(|seconds| *seconds <= MAX_OFFSET)?;
    Offset::from_seconds(sign * seconds).ok()
}

/// `h`, `hh`, `hh:mm`, `hhmm`, `hh:mm:ss`, `hhmmss`.
fn seconds_of(text: &str) -> Option<i32> {
    let compact = match text.len() {
        5 | 8 => {
            let has_colons = text.bytes().skip(2).step_by(3).all(|byte| byte == b':');
            has_colons.then(|| text.replace(':', ""))?
        }
        1 => format!("0{text}"),
        _ => text.to_owned(),
    };
    if !matches!(compact.len(), 2 | 4 | 6) || !compact.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part =
        |range| compact.get(range).map_or(Some(0), |digits: &str| digits.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0..2)?, part(2..4)?, part(4..6)?);
    (minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// The same name in other case, the same city, or the nearest spelling.
fn similar_region(database: &TimeZoneDatabase, name: &str) -> Option<String> {
    // Japan's abbreviation, which Java refuses: the one that users of this program write.
    if name == "JST" {
        return Some("Asia/Tokyo".to_owned());
    }
    let regions: Vec<String> = database
        .available()
        .map(|region| region.to_string())
        .filter(|region| region.contains('/'))
        .collect();
    let city = |region: &str| region.rsplit('/').next().unwrap_or(region).to_lowercase();
    let wanted = name.replace(' ', "_");
    let find = |fits: &dyn Fn(&str) -> bool| regions.iter().find(|region| fits(region)).cloned();
    find(&|region| region.eq_ignore_ascii_case(&wanted))
        .or_else(|| find(&|region| city(region) == city(&wanted)))
        .or_else(|| did_you_mean(name, regions.iter().map(String::as_str)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn offset_in_2019(name: &str) -> i32 {
        let summer: Timestamp = "2019-07-01T00:00:00Z".parse().expect("a timestamp");
        time_zone(name).expect("a known zone").to_offset(summer).seconds()
    }

    #[test]
    fn regions_and_offsets_are_known_as_java_knows_them() {
        let table = [
            ("Asia/Tokyo", 9 * 3600),
            ("Europe/Berlin", 2 * 3600),
            ("UTC", 0),
            ("GMT", 0),
            ("Z", 0),
            ("+09:00", 9 * 3600),
            ("+9", 9 * 3600),
            ("+09", 9 * 3600),
            ("-0330", -(3 * 3600 + 30 * 60)),
            ("+05:45:30", 5 * 3600 + 45 * 60 + 30),
            ("UTC+9", 9 * 3600),
            ("GMT-03:00", -3 * 3600),
            ("+18:00", 18 * 3600),
            ("Etc/GMT+9", -9 * 3600),
        ];

        for (name, seconds) in table {
            assert_eq!(offset_in_2019(name), seconds, "{name}");
        }
    }

    #[test]
    fn an_unknown_zone_is_named_with_the_probable_one() {
        let table = [
            ("asia/tokyo", "did you mean `Asia/Tokyo`?"),
            ("Asia/Tokio", "did you mean `Asia/Tokyo`?"),
            ("Tokyo", "did you mean `Asia/Tokyo`?"),
            ("America/Los Angeles", "did you mean `America/Los_Angeles`?"),
            ("JST", "did you mean `Asia/Tokyo`?"),
            ("+19:00", "write a region"),
            ("+9:00", "write a region"),
            ("+09:60", "write a region"),
            ("", "write a region"),
            ("日本", "write a region"),
        ];

        for (name, expected) in table {
            let error = time_zone(name).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}
