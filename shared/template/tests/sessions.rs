//! The variables of a session have digdag's formats.

use himekuri_template::{SessionFacts, session_variables};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

#[test]
fn a_scheduled_session_has_all_variables() {
    let mut facts = facts("Asia/Tokyo");
    facts.last_session_time = "2019-08-31T00:00:00+09:00".parse().ok();
    facts.next_session_time = "2019-09-02T00:00:00+09:00".parse().ok();
    facts.last_executed_session_time = "2019-08-30T00:00:00+09:00".parse().ok();

    let variables = session_variables(&facts);

    let expected = json!({
        "timezone": "Asia/Tokyo", "project_id": 1, "session_id": 2, "attempt_id": 3,
        "session_uuid": "uuid", "task_name": "+daily+load",
        "session_time": "2019-09-01T00:00:00+09:00", "session_date": "2019-09-01",
        "session_date_compact": "20190901", "session_local_time": "2019-09-01 00:00:00",
        "session_tz_offset": "+0900", "session_unixtime": 1_567_263_600,
        "last_session_time": "2019-08-31T00:00:00+09:00", "last_session_date": "2019-08-31",
        "last_session_date_compact": "20190831", "last_session_local_time": "2019-08-31 00:00:00",
        "last_session_tz_offset": "+0900", "last_session_unixtime": 1_567_177_200,
        "next_session_time": "2019-09-02T00:00:00+09:00", "next_session_date": "2019-09-02",
        "next_session_date_compact": "20190902", "next_session_local_time": "2019-09-02 00:00:00",
        "next_session_tz_offset": "+0900", "next_session_unixtime": 1_567_350_000,
        "last_executed_session_time": "2019-08-30T00:00:00+09:00",
        "last_executed_session_date": "2019-08-30", "last_executed_session_date_compact": "20190830",
        "last_executed_session_local_time": "2019-08-30 00:00:00",
        "last_executed_session_tz_offset": "+0900", "last_executed_session_unixtime": 1_567_090_800,
    });
    assert_eq!(Value::Object(variables), expected);
}

#[test]
fn a_session_without_a_schedule_has_no_neighbours() {
    let variables = session_variables(&facts("UTC"));

    assert_eq!(variables["session_time"], "2019-08-31T15:00:00+00:00");
    assert_eq!(variables["session_tz_offset"], "+0000");
    assert!(!variables.contains_key("last_session_time"));
    assert!(!variables.contains_key("retry_attempt_name"));
    assert_eq!(variables["last_executed_session_time"], "");
    assert_eq!(variables["last_executed_session_tz_offset"], "+0000");
}

#[test]
fn a_zone_west_of_utc_prints_a_minus() {
    let variables = session_variables(&facts("America/Los_Angeles"));

    assert_eq!(variables["session_time"], "2019-08-31T08:00:00-07:00");
    assert_eq!(variables["session_tz_offset"], "-0700");
}

/// Last and next times as the schedules of each kind give them, over changes of the clock.
#[test]
fn neighbours_of_every_kind_of_schedule_have_digdags_formats() {
    for (kind, zone, [last, session, next], [dates, locals, offsets]) in [
        (
            "daily>: 07:00:00",
            "Asia/Tokyo",
            ["2019-08-31T00:00:00+09:00", "2019-09-01T00:00:00+09:00", "2019-09-02T00:00:00+09:00"],
            [
                ["2019-08-31", "2019-09-01", "2019-09-02"],
                ["2019-08-31 00:00:00", "2019-09-01 00:00:00", "2019-09-02 00:00:00"],
                ["+0900", "+0900", "+0900"],
            ],
        ),
        (
            "daily>: 07:00:00, clocks go forward",
            "America/Los_Angeles",
            ["2019-03-09T00:00:00-08:00", "2019-03-10T00:00:00-08:00", "2019-03-11T00:00:00-07:00"],
            [
                ["2019-03-09", "2019-03-10", "2019-03-11"],
                ["2019-03-09 00:00:00", "2019-03-10 00:00:00", "2019-03-11 00:00:00"],
                ["-0800", "-0800", "-0700"],
            ],
        ),
        (
            "hourly>: 30:00, clocks go back",
            "America/Los_Angeles",
            ["2019-11-03T01:00:00-07:00", "2019-11-03T01:00:00-08:00", "2019-11-03T02:00:00-08:00"],
            [
                ["2019-11-03", "2019-11-03", "2019-11-03"],
                ["2019-11-03 01:00:00", "2019-11-03 01:00:00", "2019-11-03 02:00:00"],
                ["-0700", "-0800", "-0800"],
            ],
        ),
        (
            "weekly>: Sun,09:00:00",
            "Europe/Berlin",
            ["2019-03-24T00:00:00+01:00", "2019-03-31T00:00:00+01:00", "2019-04-07T00:00:00+02:00"],
            [
                ["2019-03-24", "2019-03-31", "2019-04-07"],
                ["2019-03-24 00:00:00", "2019-03-31 00:00:00", "2019-04-07 00:00:00"],
                ["+0100", "+0100", "+0200"],
            ],
        ),
        (
            "monthly>: 1,09:00:00",
            "Asia/Kolkata",
            ["2019-12-01T00:00:00+05:30", "2020-01-01T00:00:00+05:30", "2020-02-01T00:00:00+05:30"],
            [
                ["2019-12-01", "2020-01-01", "2020-02-01"],
                ["2019-12-01 00:00:00", "2020-01-01 00:00:00", "2020-02-01 00:00:00"],
                ["+0530", "+0530", "+0530"],
            ],
        ),
        (
            "minutes_interval>: 30",
            "UTC",
            ["2019-12-31T23:30:00+00:00", "2020-01-01T00:00:00+00:00", "2020-01-01T00:30:00+00:00"],
            [
                ["2019-12-31", "2020-01-01", "2020-01-01"],
                ["2019-12-31 23:30:00", "2020-01-01 00:00:00", "2020-01-01 00:30:00"],
                ["+0000", "+0000", "+0000"],
            ],
        ),
        (
            "seconds_interval>: 7",
            "UTC",
            ["2019-12-31T23:59:56+00:00", "2020-01-01T00:00:03+00:00", "2020-01-01T00:00:10+00:00"],
            [
                ["2019-12-31", "2020-01-01", "2020-01-01"],
                ["2019-12-31 23:59:56", "2020-01-01 00:00:03", "2020-01-01 00:00:10"],
                ["+0000", "+0000", "+0000"],
            ],
        ),
        (
            "cron>: 42 4 29 2 *",
            "Asia/Tokyo",
            ["2016-02-29T04:42:00+09:00", "2020-02-29T04:42:00+09:00", "2024-02-29T04:42:00+09:00"],
            [
                ["2016-02-29", "2020-02-29", "2024-02-29"],
                ["2016-02-29 04:42:00", "2020-02-29 04:42:00", "2024-02-29 04:42:00"],
                ["+0900", "+0900", "+0900"],
            ],
        ),
    ] {
        let mut facts = facts(zone);
        facts.session_time = session.parse().expect("a time");
        facts.last_session_time = last.parse().ok();
        facts.next_session_time = next.parse().ok();
        facts.last_executed_session_time = last.parse().ok();

        let variables = session_variables(&facts);

        let prefixes = [
            ("last_session", 0),
            ("session", 1),
            ("next_session", 2),
            ("last_executed_session", 0),
        ];
        for (prefix, index) in prefixes {
            let time = [last, session, next][index];
            let seconds = time.parse::<Timestamp>().expect("a time").as_second();
            for (suffix, expected) in [
                ("time", json!(time)),
                ("date", json!(dates[index])),
                ("date_compact", json!(dates[index].replace('-', ""))),
                ("local_time", json!(locals[index])),
                ("tz_offset", json!(offsets[index])),
                ("unixtime", json!(seconds)),
            ] {
                assert_eq!(variables[&format!("{prefix}_{suffix}")], expected, "{kind}: {prefix}");
            }
        }
    }
}

#[test]
fn only_a_retried_attempt_has_a_name() {
    let mut facts = facts("UTC");
    assert!(!session_variables(&facts).contains_key("retry_attempt_name"));

    facts.retry_attempt_name = Some("again".to_owned());

    assert_eq!(session_variables(&facts)["retry_attempt_name"], "again");
}

#[test]
fn a_zone_given_as_an_offset_is_printed_as_it_was_given() {
    let mut facts = facts("UTC");
    facts.time_zone = TimeZone::fixed(jiff::tz::offset(9));
    facts.time_zone_name = "+09:00".to_owned();

    let variables = session_variables(&facts);

    assert_eq!(variables["timezone"], "+09:00");
    assert_eq!(variables["session_time"], "2019-09-01T00:00:00+09:00");
}

fn facts(zone: &str) -> SessionFacts {
    SessionFacts {
        session_time: "2019-09-01T00:00:00+09:00".parse().expect("a time"),
        time_zone: TimeZone::get(zone).expect("a known zone"),
        time_zone_name: zone.to_owned(),
        project_id: 1,
        session_id: 2,
        attempt_id: 3,
        session_uuid: "uuid".to_owned(),
        task_name: "+daily+load".to_owned(),
        retry_attempt_name: None,
        last_session_time: None,
        next_session_time: None,
        last_executed_session_time: None,
    }
}
