//! The variables of a session have digdag's formats.

use himekuri_template::{SessionFacts, session_variables};
use jiff::tz::TimeZone;
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
