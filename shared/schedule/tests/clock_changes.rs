//! Sessions of whole days, above all days on which the clocks change.

use himekuri_schedule::{MAX_SESSION_TIMES, Schedule, ScheduleError, time_zone};
use jiff::civil::{Date, date};
use serde_json::json;

fn schedule(key: &str, value: &str) -> Schedule {
    let json = json!({ key: value });
    Schedule::parse(json.as_object().expect("a mapping")).expect("a valid schedule")
}

/// Local session times of one day, with their offsets.
fn sessions(schedule: &Schedule, zone: &str, day: Date) -> Vec<String> {
    let zone = time_zone(zone).expect("a known zone");
    let sessions = schedule.session_times(&zone, day, day).expect("within the calendar");
    let local = sessions.iter().map(|session| session.session_time.to_zoned(zone.clone()));
    local.map(|local| local.strftime("%H:%M%z").to_string()).collect()
}

#[test]
fn an_hourly_schedule_has_each_hour_that_passes() {
    let hourly = schedule("hourly>", "15:00");
    let forward = sessions(&hourly, "America/New_York", date(2019, 3, 10));
    let back = sessions(&hourly, "America/New_York", date(2019, 11, 3));

    assert_eq!(forward.len(), 23);
    assert_eq!(forward[..4], ["00:00-0500", "01:00-0500", "03:00-0400", "04:00-0400"]);
    assert_eq!(back.len(), 25);
    assert_eq!(back[..4], ["00:00-0400", "01:00-0400", "01:00-0500", "02:00-0500"]);
}

#[test]
fn a_time_that_comes_twice_is_a_session_the_second_time() {
    let day = date(2019, 11, 3);

    let found = sessions(&schedule("cron>", "30 0-2 * * *"), "America/New_York", day);

    assert_eq!(found, ["00:30-0400", "01:30-0500", "02:30-0500"]);
}

#[test]
fn a_time_that_is_skipped_is_a_session_as_much_later() {
    let day = date(2019, 3, 10);

    let found = sessions(&schedule("cron>", "30 2 * * *"), "America/New_York", day);

    assert_eq!(found, ["03:30-0400"]);
}

#[test]
fn a_midnight_that_is_skipped_is_one_oclock() {
    let found = sessions(&schedule("daily>", "00:00:00"), "America/Sao_Paulo", date(2018, 11, 4));

    assert_eq!(found, ["01:00-0200"]);
}

#[test]
fn a_date_that_is_skipped_has_no_session() {
    let daily = schedule("daily>", "00:00:00");

    assert_eq!(sessions(&daily, "Pacific/Apia", date(2011, 12, 30)), Vec::<String>::new());
    assert_eq!(sessions(&daily, "Pacific/Apia", date(2011, 12, 31)), ["00:00+1400"]);
}

#[test]
fn a_date_that_begins_twice_begins_the_second_time() {
    let day = date(2018, 11, 4);

    let found = sessions(&schedule("daily>", "00:00:00"), "America/Havana", day);

    assert_eq!(found, ["00:00-0500"]);
}

#[test]
fn a_change_of_half_an_hour_moves_a_session_by_half_an_hour() {
    let found =
        sessions(&schedule("cron>", "0 1-3 * * *"), "Australia/Lord_Howe", date(2019, 10, 6));

    assert_eq!(found, ["01:00+1030", "02:30+1100", "03:00+1100"]);
}

#[test]
fn the_delay_is_counted_in_seconds_across_a_change_of_the_clocks() {
    let berlin = time_zone("Europe/Berlin").unwrap();
    let day = date(2019, 3, 31);

    let found = schedule("daily>", "07:00:00").session_times(&berlin, day, day).unwrap();

    assert_eq!(found[0].session_time.to_string(), "2019-03-30T23:00:00Z");
    assert_eq!(found[0].run_time.to_string(), "2019-03-31T06:00:00Z");
}

#[test]
fn every_kind_finds_the_sessions_of_a_range_of_dates() {
    let tokyo = time_zone("Asia/Tokyo").unwrap();
    let table = [
        ("hourly>", "15:00", 29 * 24),
        ("daily>", "30:00:00", 29),
        ("weekly>", "Thu,02:00:00", 5),
        ("monthly>", "29,00:00:00", 1),
        ("monthly>", "30,00:00:00", 0),
        ("minutes_interval>", "45", 29 * 24 * 2),
        ("seconds_interval>", "7200", 29 * 12),
        ("cron>", "0 9-18 * * mon-fri", 21 * 10),
    ];

    for (key, value, expected) in table {
        let sessions =
            schedule(key, value).session_times(&tokyo, date(2024, 2, 1), date(2024, 2, 29));
        assert_eq!(sessions.unwrap().len(), expected, "{key} {value}");
    }
}

#[test]
fn dates_in_reverse_have_no_sessions() {
    let utc = time_zone("UTC").unwrap();

    let found = schedule("daily>", "0:0:0").session_times(&utc, date(2019, 9, 2), date(2019, 9, 1));

    assert_eq!(found, Ok(Vec::new()));
}

#[test]
fn a_range_with_too_many_sessions_is_refused_with_the_bound() {
    let utc = time_zone("UTC").unwrap();

    let error = schedule("seconds_interval>", "1")
        .session_times(&utc, date(2024, 1, 1), date(2024, 12, 31))
        .unwrap_err();

    let (from, to) = (date(2024, 1, 1), date(2024, 12, 31));
    assert_eq!(error, ScheduleError::TooManySessions { bound: MAX_SESSION_TIMES, from, to });
    assert!(error.to_string().contains("more than 1000000 sessions"), "{error}");
}

#[test]
fn first_of_march_is_not_lost_to_the_thirty_first_of_february() {
    // cron4j goes from 31 February to 3 March and forgets the first.
    let found = sessions(&schedule("cron>", "0 0 1,31 * *"), "UTC", date(2023, 3, 1));

    assert_eq!(found, ["00:00+0000"]);
}

#[test]
fn last_session_time_is_the_session_before_even_of_uneven_patterns() {
    // digdag answers 07:00 of the same day.
    let utc = time_zone("UTC").unwrap();
    let office = schedule("cron>", "0 9-18 * * mon-fri");

    let last = office.last_session_time(&utc, "2024-05-13T09:00:00Z".parse().unwrap()).unwrap();

    assert_eq!(last.to_string(), "2024-05-10T18:00:00Z");
}
