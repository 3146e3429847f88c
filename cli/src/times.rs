//! Times and durations as people read them.
//!
//! A session is named in the zone of its workflow. When something happened is told by the clock of the machine, whose
//! zone the environment variable `TZ` changes.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The machine's zone.
pub(crate) fn machine_zone() -> TimeZone {
    TimeZone::system()
}

/// `2019-09-02 09:14:07`.
pub(crate) fn clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2019-09-02 09:14:07 +09:00`, where there is room.
pub(crate) fn full_clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// `09:14` of today, else `2019-09-01 09:14`.
pub(crate) fn short_clock(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if time.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    time.strftime(format).to_string()
}

/// `14m 7s`. Clocks of two machines may differ: never less than nothing.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    format!("{:#}", SignedDuration::from_secs(to.duration_since(from).as_secs().max(0)))
}

/// A session's local time without what is the same for all sessions of a day: `2019-09-02`, or `2019-09-02 07:00`.
pub(crate) fn session(local_time: &str) -> String {
    match local_time.split_once('T') {
        Some((date, time)) if time.starts_with("00:00") => date.to_owned(),
        Some((date, time)) => format!("{date} {}", time.get(..5).unwrap_or(time)),
        None => local_time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_told_in_a_zone() {
        let tokyo = TimeZone::fixed(Offset::constant(9));

        assert_eq!(clock(at("2019-09-01T17:14:07Z"), &tokyo), "2019-09-02 02:14:07");
        assert_eq!(full_clock(at("2019-09-01T17:14:07Z"), &tokyo), "2019-09-02 02:14:07 +09:00");
    }

    #[test]
    fn the_date_of_today_is_left_out() {
        let tokyo = TimeZone::fixed(Offset::constant(9));
        let short = |now| short_clock(at("2019-09-01T17:14:07Z"), at(now), &tokyo);

        assert_eq!(short("2019-09-01T15:00:00Z"), "02:14");
        assert_eq!(short("2019-09-01T14:59:59Z"), "2019-09-02 02:14");
    }

    #[test]
    fn a_duration_is_never_negative() {
        let (from, to) = (at("2019-09-01T17:00:00Z"), at("2019-09-01T17:14:07.9Z"));

        assert_eq!(between(from, to), "14m 7s");
        assert_eq!(between(to, from), "0s");
    }

    #[test]
    fn the_session_of_a_day_is_its_date() {
        assert_eq!(session("2019-09-02T00:00:00+09:00"), "2019-09-02");
        assert_eq!(session("2019-09-02T07:00:00+09:00"), "2019-09-02 07:00");
        assert_eq!(session("odd"), "odd");
    }
}
