//! What a scheduler does about due sessions: in time, late, and after a downtime.

use himekuri_schedule::{Cursor, Decision, MAX_DECIDED, Overtime, Schedule, SkipReason, time_zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn schedule(config: Value) -> Schedule {
    Schedule::parse(config.as_object().expect("a mapping")).expect("a valid schedule")
}

fn utc(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// The schedule stands at its first session from `since` on, and looks again at `now`.
fn decide(schedule: &Schedule, zone: &TimeZone, since: &str, now: &str) -> Decision {
    let next = schedule.first(zone, utc(since)).expect("a session");
    let cursor = Cursor { last_session_time: None, next };
    schedule.decide(zone, cursor, utc(now), Overtime::Idle)
}

fn starts(decision: &Decision) -> Vec<String> {
    decision.starts.iter().map(|session| session.session_time.to_string()).collect()
}

fn reasons(decision: &Decision) -> Vec<SkipReason> {
    decision.skipped.iter().map(|(_, reason)| *reason).collect()
}

#[test]
fn nothing_starts_before_its_time() {
    let daily = schedule(json!({"daily>": "07:00:00"}));

    let decision = decide(&daily, &TimeZone::UTC, "2024-05-10T00:00:00Z", "2024-05-10T06:59:59Z");

    let next = daily.session(utc("2024-05-10T00:00:00Z")).unwrap();
    assert_eq!(
        decision,
        Decision {
            starts: vec![],
            skipped: vec![],
            last_session_time: None,
            next: Some(next),
            more_is_due: false,
        }
    );
}

#[test]
fn a_due_session_starts_and_the_next_one_waits() {
    let daily = schedule(json!({"daily>": "07:00:00"}));

    let decision = decide(&daily, &TimeZone::UTC, "2024-05-10T00:00:00Z", "2024-05-10T07:00:00Z");

    assert_eq!(starts(&decision), ["2024-05-10T00:00:00Z"]);
    assert_eq!(decision.last_session_time, Some(utc("2024-05-10T00:00:00Z")));
    assert_eq!(decision.next.unwrap().run_time, utc("2024-05-11T07:00:00Z"));
}

#[test]
fn after_a_downtime_catch_up_chooses_the_sessions() {
    let days = ["2024-05-10", "2024-05-11", "2024-05-12", "2024-05-13"];
    let table = [
        (json!(null), "2024-05-13T07:00:01Z", &days[..]),
        (json!("all"), "2024-05-13T07:00:01Z", &days[..]),
        (json!("latest"), "2024-05-13T07:00:01Z", &days[3..]),
        (json!("latest"), "2024-05-13T23:00:00Z", &days[3..]),
        (json!("none"), "2024-05-13T07:00:01Z", &days[3..]),
        (json!("none"), "2024-05-13T07:05:01Z", &[]),
        (json!("1d"), "2024-05-13T07:00:00Z", &days[2..]),
        (json!("1d"), "2024-05-13T07:00:01Z", &days[3..]),
        (json!("2d 1m"), "2024-05-13T07:00:01Z", &days[1..]),
    ];

    for (catch_up, now, expected) in table {
        let mut config = json!({"daily>": "07:00:00"});
        if !catch_up.is_null() {
            config["catch_up"] = catch_up;
        }

        let decision =
            decide(&schedule(config.clone()), &TimeZone::UTC, "2024-05-10T00:00:00Z", now);

        let expected: Vec<_> = expected.iter().map(|day| format!("{day}T00:00:00Z")).collect();
        assert_eq!(starts(&decision), expected, "{config} at {now}");
        assert_eq!(reasons(&decision), vec![SkipReason::CatchUp; 4 - expected.len()], "{config}");
        assert_eq!(decision.next.unwrap().session_time, utc("2024-05-14T00:00:00Z"));
    }
}

#[test]
fn a_session_later_than_skip_delayed_by_is_left_out() {
    let daily = schedule(json!({"daily>": "07:00:00", "skip_delayed_by": "1h"}));
    let since = "2024-05-10T00:00:00Z";

    let in_time = decide(&daily, &TimeZone::UTC, since, "2024-05-10T08:00:00Z");
    let late = decide(&daily, &TimeZone::UTC, since, "2024-05-10T08:00:01Z");

    assert_eq!(starts(&in_time), ["2024-05-10T00:00:00Z"]);
    assert_eq!(starts(&late), Vec::<String>::new());
    assert_eq!(reasons(&late), [SkipReason::Delayed]);
    assert_eq!(late.last_session_time, None);
}

#[test]
fn a_running_attempt_and_one_that_just_started_are_overtime() {
    let hourly = schedule(json!({"hourly>": "00:00", "skip_on_overtime": true}));
    let next = hourly.first(&TimeZone::UTC, utc("2024-05-10T00:00:00Z")).unwrap();
    let cursor = Cursor { last_session_time: None, next };
    let now = utc("2024-05-10T02:00:00Z");

    let running = hourly.decide(&TimeZone::UTC, cursor, now, Overtime::Running);
    let idle = hourly.decide(&TimeZone::UTC, cursor, now, Overtime::Idle);

    assert_eq!(reasons(&running), [SkipReason::Overtime; 3]);
    assert_eq!(starts(&idle), ["2024-05-10T00:00:00Z"]);
    assert_eq!(reasons(&idle), [SkipReason::Overtime; 2]);
}

#[test]
fn overtime_does_not_matter_without_the_option() {
    let hourly = schedule(json!({"hourly>": "00:00"}));
    let next = hourly.first(&TimeZone::UTC, utc("2024-05-10T00:00:00Z")).unwrap();
    let cursor = Cursor { last_session_time: None, next };

    let decision =
        hourly.decide(&TimeZone::UTC, cursor, utc("2024-05-10T02:00:00Z"), Overtime::Running);

    assert_eq!(decision.starts.len(), 3);
}

#[test]
fn the_reason_for_a_delay_comes_before_catch_up_and_overtime() {
    let config = json!({
        "hourly>": "00:00", "skip_delayed_by": "90m", "catch_up": "latest", "skip_on_overtime": true,
    });
    let hourly = schedule(config);
    let next = hourly.first(&TimeZone::UTC, utc("2024-05-10T00:00:00Z")).unwrap();
    let cursor = Cursor { last_session_time: None, next };

    let decision =
        hourly.decide(&TimeZone::UTC, cursor, utc("2024-05-10T02:00:00Z"), Overtime::Running);

    assert_eq!(
        reasons(&decision),
        [SkipReason::Delayed, SkipReason::CatchUp, SkipReason::Overtime]
    );
}

#[test]
fn a_downtime_over_a_change_of_the_clocks_starts_each_hour_that_passed() {
    let hourly = schedule(json!({"hourly>": "00:00"}));
    let new_york = time_zone("America/New_York").unwrap();

    // Local midnight to local midnight.
    let forward = decide(&hourly, &new_york, "2019-03-10T05:00:00Z", "2019-03-11T03:59:59Z");
    let back = decide(&hourly, &new_york, "2019-11-03T04:00:00Z", "2019-11-04T04:59:59Z");

    assert_eq!((forward.starts.len(), back.starts.len()), (23, 25));
}

#[test]
fn a_long_downtime_of_a_schedule_of_seconds_is_decided_in_parts() {
    let seconds = schedule(json!({"seconds_interval>": 1, "catch_up": "latest"}));
    let now = utc("2024-05-10T01:00:00Z");
    let next = seconds.first(&TimeZone::UTC, utc("2024-05-10T00:00:00Z")).unwrap();

    let mut cursor = Cursor { last_session_time: None, next };
    let mut decisions = Vec::new();
    loop {
        let decision = seconds.decide(&TimeZone::UTC, cursor, now, Overtime::Idle);
        cursor = Cursor {
            last_session_time: decision.last_session_time,
            next: decision.next.expect("a schedule without end"),
        };
        let more_is_due = decision.more_is_due;
        decisions.push(decision);
        if !more_is_due {
            break;
        }
    }

    let sizes: Vec<_> = decisions.iter().map(|d| d.starts.len() + d.skipped.len()).collect();
    assert_eq!(sizes, [MAX_DECIDED, MAX_DECIDED, MAX_DECIDED, 601]);
    let started: Vec<_> = decisions.iter().flat_map(starts).collect();
    assert_eq!(started, ["2024-05-10T01:00:00Z"]);
    assert_eq!(cursor.next.session_time, utc("2024-05-10T01:00:01Z"));
}

#[test]
fn a_schedule_that_ends_has_no_next_session() {
    let daily = schedule(json!({"daily>": "07:00:00", "end": "2024-05-11"}));

    let decision = decide(&daily, &TimeZone::UTC, "2024-05-10T00:00:00Z", "2024-06-01T00:00:00Z");

    assert_eq!(starts(&decision), ["2024-05-10T00:00:00Z", "2024-05-11T00:00:00Z"]);
    assert_eq!((decision.next, decision.more_is_due), (None, false));
}

#[test]
fn a_run_time_that_was_moved_counts_as_it_is() {
    let daily = schedule(json!({"daily>": "07:00:00", "skip_delayed_by": "1h"}));
    let mut next = daily.session(utc("2024-05-10T00:00:00Z")).unwrap();
    next.run_time = utc("2024-05-10T12:00:00Z");
    let cursor = Cursor { last_session_time: None, next };

    let early = daily.decide(&TimeZone::UTC, cursor, utc("2024-05-10T11:00:00Z"), Overtime::Idle);
    let due = daily.decide(&TimeZone::UTC, cursor, utc("2024-05-10T12:30:00Z"), Overtime::Idle);

    assert_eq!(starts(&early), Vec::<String>::new());
    assert_eq!(starts(&due), ["2024-05-10T00:00:00Z"]);
}
