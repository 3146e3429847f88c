//! Properties of any schedule, in any zone, at any time of the calendar.

use himekuri_schedule::{Cursor, MAX_DECIDED, Overtime, Schedule, Truncate, time_zone};
use himekuri_workflow::Config;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONES: &[&str] = &[
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "+09:00",
];

fn zone() -> impl Strategy<Value = TimeZone> {
    proptest::sample::select(ZONES).prop_map(|name| time_zone(name).expect("a known zone"))
}

/// Times of this century, and of the whole calendar.
fn time() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![
        4 => 946_684_800_i64..2_524_608_000,
        1 => Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
    ];
    (seconds, prop_oneof![Just(0), 0..999_999_999_i64]).prop_map(|(second, nanosecond)| {
        let time = Timestamp::from_second(second).expect("within the calendar");
        time.saturating_add(SignedDuration::from_nanos(nanosecond)).expect("a duration")
    })
}

fn field(max: u32) -> impl Strategy<Value = String> {
    let range = (0..=max, 0..=max).prop_map(|(from, to)| format!("{from}-{to}"));
    let step = (1_u32..=max).prop_map(|step| format!("*/{step}"));
    let one = prop_oneof![(0..=max).prop_map(|value| value.to_string()), range, step];
    prop_oneof![2 => Just("*".to_owned()), 3 => one.clone(), 1 => (one.clone(), one).prop_map(|(a, b)| format!("{a},{b}"))]
}

fn pattern() -> impl Strategy<Value = String> {
    let one = (field(59), field(23), field(31), field(12), field(7));
    let one = one.prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}")).boxed();
    let both = (one.clone(), one.clone()).prop_map(|(first, second)| format!("{first}|{second}"));
    prop_oneof![3 => one, 1 => both]
}

fn scheduler() -> impl Strategy<Value = (String, Value)> {
    let clock = (0..40_i32, -5..90_i32, 0..90_i32);
    let clock = clock.prop_map(|(hours, minutes, seconds)| format!("{hours}:{minutes}:{seconds}"));
    prop_oneof![
        4 => pattern().prop_map(|pattern| ("cron>", json!(pattern))),
        1 => (0..90_u32).prop_map(|minutes| ("hourly>", json!(format!("{minutes}:00")))),
        1 => clock.clone().prop_map(|clock| ("daily>", json!(clock))),
        1 => (0..=7_u32, clock.clone()).prop_map(|(d, c)| ("weekly>", json!(format!("{d},{c}")))),
        1 => (1..=31_u32, clock).prop_map(|(d, c)| ("monthly>", json!(format!("{d},{c}")))),
        1 => (1..=90_u32).prop_map(|minutes| ("minutes_interval>", json!(minutes))),
        1 => (1..=i32::MAX).prop_map(|seconds| ("seconds_interval>", json!(seconds))),
        1 => (1..=7200_i32).prop_map(|seconds| ("seconds_interval>", json!(seconds))),
    ]
    .prop_map(|(key, value)| (key.to_owned(), value))
}

/// A valid schedule without bounds.
fn schedule() -> impl Strategy<Value = Schedule> {
    scheduler().prop_filter_map("a pattern without dates", |(key, value)| {
        Schedule::parse(&Config::from_iter([(key, value)])).ok()
    })
}

/// Anything, among it what means nothing.
fn any_config() -> impl Strategy<Value = Config> {
    let key = prop_oneof![
        proptest::sample::select(
            &[
                "cron>",
                "daily>",
                "hourly>",
                "weekly>",
                "monthly>",
                "minutes_interval>",
                "seconds_interval>",
                "_type",
                "_command",
                "at",
                "delay",
                "start",
                "end",
                "catch_up",
                "depends_on_previous",
                "skip_delayed_by",
                "skip_on_overtime",
            ][..]
        )
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    let value = prop_oneof![
        "[-0-9:,*/|LlmonSUN dhs]{0,20}".prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
        proptest::sample::select(
            &["daily", "cron", "2024-02-30", "2024-02-29", "1d 2h", "latest"][..]
        )
        .prop_map(Value::from),
    ];
    proptest::collection::vec((key, value), 0..4).prop_map(Config::from_iter)
}

/// Uses everything that answers by a schedule.
fn ask(schedule: &Schedule, zone: &TimeZone, at: Timestamp, now: Timestamp) {
    let _ = schedule.last_session_time(zone, at);
    let _ = schedule.next_session_time(zone, at);
    let _ = schedule.session(at);
    let _ = schedule.resume(zone, Some(at), now);
    let _ = Truncate::Hour.session_time(zone, Some(schedule), at);
    let _ = Truncate::Day.session_time(zone, Some(schedule), at);
    let date = zone.to_datetime(at).date();
    let _ = schedule.session_times(zone, date, date);
    if let Some(next) = schedule.first(zone, at) {
        let cursor = Cursor { last_session_time: None, next };
        let decision = schedule.decide(zone, cursor, now, Overtime::Idle);
        assert!(decision.starts.len() + decision.skipped.len() <= MAX_DECIDED);
        assert_eq!(decision.more_is_due, decision.next.is_some_and(|next| next.run_time <= now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn next_is_later_and_last_leads_back(schedule in schedule(), zone in zone(), at in time()) {
        let Some(tick) = schedule.next(&zone, at) else { return Ok(()) };
        prop_assert!(tick.session_time > at);

        let Some(next) = schedule.next(&zone, tick.session_time) else { return Ok(()) };
        prop_assert!(next > tick);
        let last = schedule.last_session_time(&zone, next.session_time);
        prop_assert_eq!(last, Ok(tick.session_time));

        let between = tick.session_time.duration_until(next.session_time) / 2;
        let between = tick.session_time + between;
        prop_assert_eq!(schedule.next(&zone, between), Some(next));
    }

    #[test]
    fn first_runs_now_or_later_and_the_one_before_it_does_not(
        (key, value) in scheduler(),
        zone in zone(),
        now in time(),
    ) {
        if key == "seconds_interval>" {
            return Ok(());
        }
        let Ok(schedule) = Schedule::parse(&Config::from_iter([(key, value)])) else { return Ok(()) };
        let Some(first) = schedule.first(&zone, now) else { return Ok(()) };
        prop_assert!(first.run_time >= now);
        if let Ok(before) = schedule.last_session_time(&zone, first.session_time) {
            prop_assert!(schedule.session(before).unwrap().run_time < now);
        }
    }

    #[test]
    fn the_sessions_of_a_date_are_those_that_next_finds(
        schedule in schedule(),
        zone in zone(),
        at in 946_684_800_i64..2_524_608_000,
    ) {
        let at = Timestamp::from_second(at).unwrap();
        let date = zone.to_datetime(at).date();
        let found = schedule.session_times(&zone, date, date).unwrap();

        let mut expected = Vec::new();
        let day = SignedDuration::from_hours(26);
        let mut next = schedule.next(&zone, at - day);
        while let Some(session) = next.filter(|session| session.session_time < at + day) {
            if zone.to_datetime(session.session_time).date() == date {
                expected.push(session);
            }
            next = schedule.next(&zone, session.session_time);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nothing_panics_or_searches_for_ever(
        config in any_config(),
        (key, value) in scheduler(),
        zone in zone(),
        at in time(),
        now in time(),
    ) {
        if let Ok(schedule) = Schedule::parse(&config) {
            ask(&schedule, &zone, at, now);
        }
        let mut config = config;
        config.retain(|key, _| !key.ends_with('>') && key != "_type");
        config.insert(key, value);
        if let Ok(schedule) = Schedule::parse(&config) {
            ask(&schedule, &zone, at, now);
        }
    }
}
