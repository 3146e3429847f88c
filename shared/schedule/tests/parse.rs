//! `schedule:` as people write it, and what is said when it is wrong.

use himekuri_schedule::{Schedule, ScheduleError, Truncate, time_zone};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn parse(config: Value) -> Result<Schedule, ScheduleError> {
    let Value::Object(config) = config else { panic!("{config} is no mapping") };
    Schedule::parse(&config)
}

fn utc(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

#[test]
fn each_scheduler_has_its_session_and_run_times() {
    let now = utc("2024-05-15T10:00:00Z");
    let table = [
        (json!({"hourly>": "15:00"}), "2024-05-15T10:00:00Z 2024-05-15T10:15:00Z"),
        (json!({"daily>": "07:00:00"}), "2024-05-16T00:00:00Z 2024-05-16T07:00:00Z"),
        (json!({"weekly>": "Sun, 05:30:00"}), "2024-05-19T00:00:00Z 2024-05-19T05:30:00Z"),
        (json!({"monthly>": "1,09:00:00"}), "2024-06-01T00:00:00Z 2024-06-01T09:00:00Z"),
        (json!({"minutes_interval>": 45}), "2024-05-15T10:00:00Z 2024-05-15T10:00:00Z"),
        (json!({"seconds_interval>": 11}), "2024-05-15T10:00:07Z 2024-05-15T10:00:07Z"),
        (json!({"cron>": "30 4 13 * fri"}), "2024-09-13T04:30:00Z 2024-09-13T04:30:00Z"),
        (json!({"cron>": "0 0 L feb *"}), "2025-02-28T00:00:00Z 2025-02-28T00:00:00Z"),
        (json!({"cron>": "0 9 * * *", "delay": 7200}), "2024-05-15T09:00:00Z 2024-05-15T11:00:00Z"),
        (
            json!({"minutes_interval>": "30", "delay": "60"}),
            "2024-05-15T10:00:00Z 2024-05-15T10:01:00Z",
        ),
        (
            json!({"seconds_interval>": 3600, "delay": 60}),
            "2024-05-15T10:00:00Z 2024-05-15T10:01:00Z",
        ),
        (json!({"_type": "daily", "at": "11:00:00"}), "2024-05-15T00:00:00Z 2024-05-15T11:00:00Z"),
        (
            json!({"_type": "cron", "_command": "0 11 * * *"}),
            "2024-05-15T11:00:00Z 2024-05-15T11:00:00Z",
        ),
    ];

    for (config, expected) in table {
        let schedule = parse(config.clone()).expect("a valid schedule");
        let first = schedule.first(&TimeZone::UTC, now).expect("a session");
        let found = format!("{} {}", first.session_time, first.run_time);
        assert_eq!(found, expected, "{config}");
    }
}

#[test]
fn what_cannot_be_scheduled_says_why_and_where() {
    let table = [
        (json!({}), None, "has no scheduler"),
        (
            json!({"daily>": "07:00:00", "hourly>": "00:00"}),
            Some("hourly>"),
            "`daily>` and `hourly>`",
        ),
        (json!({"daily>": "07:00:00", "_type": "hourly"}), Some("_type"), "`daily>` and `_type`"),
        (json!({"dayly>": "07:00:00"}), Some("dayly>"), "did you mean `daily>`?"),
        (json!({"_type": "dayly", "at": "07:00:00"}), Some("_type"), "did you mean `daily`?"),
        (json!({"_type": "daily"}), Some("_type"), "needs `at`"),
        (json!({"_type": "cron"}), Some("_type"), "needs `_command`"),
        (json!({"daily>": "07:00:00", "foo": 1}), Some("foo"), "unknown key `foo`"),
        (
            json!({"daily>": "07:00:00", "skip_overtime": true}),
            Some("skip_overtime"),
            "`skip_on_overtime`?",
        ),
        (json!({"daily>": "07:00:00", "at": "08:00:00"}), Some("at"), "no meaning beside `daily>`"),
        (json!({"daily>": "07:00:00", "delay": 60}), Some("delay"), "its own time is the delay"),
        (
            json!({"_type": "daily", "at": "1:0:0", "delay": 60}),
            Some("delay"),
            "beside `_type: daily`",
        ),
        (
            json!({"daily>": "07:00"}),
            Some("daily>"),
            "`HH:MM:SS`, such as `07:00:00`, but it is `07:00`",
        ),
        (json!({"daily>": 7}), Some("daily>"), "but it is `7`"),
        (json!({"_type": "daily", "at": "07:00"}), Some("at"), "`at` must be `HH:MM:SS`"),
        (json!({"hourly>": "07:00:00"}), Some("hourly>"), "`MM:SS`, such as `15:00`"),
        (json!({"weekly>": "Mon,Tue,09:00:00"}), Some("weekly>"), "one day or a range of days"),
        (json!({"weekly>": "Sunday,09:00:00"}), Some("weekly>"), "did you mean `sun`?"),
        (json!({"monthly>": "1, 09:00:00"}), Some("monthly>"), "without blanks"),
        (json!({"monthly>": "32,09:00:00"}), Some("monthly>"), "a day from 1 to 31"),
        (json!({"minutes_interval>": 0}), Some("minutes_interval>"), "a whole number from 1 on"),
        (json!({"minutes_interval>": 1.5}), Some("minutes_interval>"), "but it is `1.5`"),
        (json!({"seconds_interval>": -60}), Some("seconds_interval>"), "but it is `-60`"),
        (json!({"seconds_interval>": 9_999_999_999_i64}), Some("seconds_interval>"), "from 1 on"),
        (json!({"cron>": "0 4 * *"}), Some("cron>"), "it has 4 fields, but needs 5"),
        (json!({"cron>": "61 4 * * *"}), Some("cron>"), "minute `61` is none of 0 to 59"),
        (json!({"cron>": "0 4 * * mno"}), Some("cron>"), "did you mean `mon`?"),
        (json!({"cron>": "0 4 * january *"}), Some("cron>"), "did you mean `jan`?"),
        (json!({"cron>": "0/0 4 * * *"}), Some("cron>"), "the step of minute `0/0`"),
        (
            json!({"cron>": "0 1-2-3 * * *"}),
            Some("cron>"),
            "hour `1-2-3` must be `*`, a value, a range",
        ),
        (json!({"cron>": "0 0 31 2 *"}), Some("cron>"), "`0 0 31 2 *` matches no date of any year"),
        (json!({"cron>": "0 0 * * *|0 0 30 2 *"}), Some("cron>"), "`0 0 30 2 *` matches no date"),
        (json!({"cron>": 5}), Some("cron>"), "five fields"),
        (json!({"cron>": "0 4 * * *", "delay": "5m"}), Some("delay"), "a whole number of seconds"),
        (
            json!({"daily>": "07:00:00", "skip_on_overtime": "yes"}),
            Some("skip_on_overtime"),
            "`true` or `false`",
        ),
        (
            json!({"daily>": "07:00:00", "skip_delayed_by": 60}),
            Some("skip_delayed_by"),
            "such as `1h 30m`",
        ),
        (
            json!({"daily>": "07:00:00", "skip_delayed_by": "30m 1h"}),
            Some("skip_delayed_by"),
            "in this order",
        ),
        (json!({"daily>": "07:00:00", "start": "2024-4-1"}), Some("start"), "`YYYY-MM-DD`"),
        (json!({"daily>": "07:00:00", "end": "2023-02-29"}), Some("end"), "but it is `2023-02-29`"),
        (
            json!({"daily>": "07:00:00", "start": "2024-04-02", "end": "2024-04-01"}),
            Some("end"),
            "before its `start`",
        ),
        (
            json!({"daily>": "07:00:00", "catch_up": "some"}),
            Some("catch_up"),
            "`none`, `latest`, `all` or a duration",
        ),
        (
            json!({"daily>": "07:00:00", "depends_on_previous": "maybe"}),
            Some("depends_on_previous"),
            "`true` or `false`",
        ),
        (
            json!({"daily>": "07:00:00", "depend_on_previous": true}),
            Some("depend_on_previous"),
            "did you mean `depends_on_previous`?",
        ),
    ];

    for (config, key, expected) in table {
        let error = parse(config.clone()).expect_err("a broken schedule");
        assert_eq!(error.key(), key, "{config}");
        assert!(error.to_string().contains(expected), "{config}: {error}");
    }
}

#[test]
fn durations_have_days_hours_minutes_and_seconds_in_this_order() {
    let table = [
        ("1d 2h 3m 4s", true),
        ("1D2H3M4S", true),
        (" 90 m ", true),
        ("0s", true),
        ("1h 1s", true),
        ("", false),
        ("5", false),
        ("m", false),
        ("1m 1m", false),
        ("1s 1m", false),
        ("1h, 2m", false),
        ("-1h", false),
        ("1.5h", false),
        ("99999999999999999999d", false),
        ("9223372036854775807d", false),
    ];

    for (text, expected) in table {
        let found = parse(json!({"daily>": "07:00:00", "skip_delayed_by": text}));
        assert_eq!(found.is_ok(), expected, "{text:?}");
    }
}

#[test]
fn a_schedule_runs_from_its_start_to_its_end_included() {
    let tokyo = time_zone("Asia/Tokyo").unwrap();
    let schedule =
        parse(json!({"daily>": "07:00:00", "start": "2024-04-01", "end": "2024-04-03"})).unwrap();

    let mut runs = Vec::new();
    let mut next = schedule.first(&tokyo, utc("2024-01-01T00:00:00Z"));
    while let Some(session) = next {
        runs.push(tokyo.to_datetime(session.run_time).to_string());
        next = schedule.next(&tokyo, session.session_time);
    }

    assert_eq!(runs, ["2024-04-01T07:00:00", "2024-04-02T07:00:00", "2024-04-03T07:00:00"]);
}

#[test]
fn start_and_end_may_be_the_same_day() {
    let schedule =
        parse(json!({"hourly>": "00:00", "start": "2024-04-01", "end": "2024-04-01"})).unwrap();

    let first = schedule.first(&TimeZone::UTC, utc("2024-01-01T00:00:00Z")).unwrap();
    let last = schedule.next(&TimeZone::UTC, utc("2024-04-01T22:00:00Z")).unwrap();

    assert_eq!(first.session_time, utc("2024-04-01T00:00:00Z"));
    assert_eq!(last.session_time, utc("2024-04-01T23:00:00Z"));
    assert_eq!(schedule.next(&TimeZone::UTC, last.session_time), None);
}

#[test]
fn variables_know_the_neighbours_of_a_bounded_schedule_as_in_digdag() {
    let schedule =
        parse(json!({"daily>": "07:00:00", "start": "2024-04-01", "end": "2024-04-03"})).unwrap();
    let (first, last) = (utc("2024-04-01T00:00:00Z"), utc("2024-04-03T00:00:00Z"));

    let before = schedule.last_session_time(&TimeZone::UTC, first).unwrap();
    let after = schedule.next_session_time(&TimeZone::UTC, last);

    assert_eq!(before, utc("2024-03-31T00:00:00Z"));
    assert_eq!(after, utc("9999-01-01T00:00:00Z"));
}

#[test]
fn a_pushed_definition_goes_on_after_the_last_session_of_the_old_one() {
    let schedule = parse(json!({"daily>": "07:00:00"})).unwrap();
    let now = utc("2024-05-15T10:00:00Z");

    let fresh = schedule.resume(&TimeZone::UTC, None, now).unwrap();
    let resumed = schedule.resume(&TimeZone::UTC, Some(utc("2024-05-10T00:00:00Z")), now).unwrap();

    assert_eq!(fresh.session_time, utc("2024-05-16T00:00:00Z"));
    assert_eq!(resumed.session_time, utc("2024-05-11T00:00:00Z"));
}

#[test]
fn a_moment_becomes_a_session_time() {
    let new_york = time_zone("America/New_York").unwrap();
    let schedule = parse(json!({"daily>": "07:00:00"})).unwrap();
    // 01:30 in the second pass of the hour.
    let moment = utc("2018-11-04T06:30:00Z");
    let table = [
        (Truncate::Hour, "2018-11-04T06:00:00Z"),
        (Truncate::Day, "2018-11-04T04:00:00Z"),
        (Truncate::Schedule, "2018-11-04T04:00:00Z"),
        (Truncate::NextSchedule, "2018-11-05T05:00:00Z"),
    ];

    for (truncate, expected) in table {
        let found = truncate.session_time(&new_york, Some(&schedule), moment);
        assert_eq!(found, Ok(Some(utc(expected))), "{truncate:?}");
    }
    assert_eq!(Truncate::Schedule.session_time(&new_york, None, moment), Ok(None));
}

#[test]
fn dates_beyond_the_calendar_end_a_schedule() {
    let schedule = parse(json!({"daily>": "07:00:00"})).unwrap();

    assert_eq!(schedule.next(&TimeZone::UTC, utc("9998-12-31T00:00:00Z")), None);
    assert_eq!(schedule.first(&TimeZone::UTC, Timestamp::MAX), None);
    assert!(schedule.last_session_time(&TimeZone::UTC, Timestamp::MIN).is_err());
    assert!(schedule.session_times(&TimeZone::UTC, date(-9999, 1, 1), date(-9999, 1, 1)).is_err());
}
