//! `first`, `next` and `last` give digdag's answers, recorded in `data/digdag-answers.txt`.
//!
//! A judge made the file from schedules of our own: cron4j 2.2.5 and Java's time zones, which find
//! digdag's times, with what digdag's schedulers do around them told again. A heading names zone, scheduler, value, `delay`, `start`, `end`, and the delay as digdag
//! reads it. Each line below has a time in seconds since 1970 and three answers as seconds from it:
//! the first session from then on, the session after it, the session before it; `-` is none.
//!
//! `digdag!reason!ours` marks where we differ on purpose. `ours` is the judge's as well: it steps through the
//! local minutes that cron4j matches without a time zone, and converts each. The reasons:
//!
//! - `fold`: the clocks are put back. digdag leaves out the first pass of an hour, even for patterns
//!   that match in every hour, and answers by where it starts to look.
//! - `gap`: the clocks are put forward. Looking from within the hour after, digdag misses what was moved
//!   there.
//! - `estimate`: digdag's `last` looks back by the distance of the next two sessions, and may
//!   answer a time that is none of the schedule.
//! - `bounds`: digdag does not compare with `end` after it skipped to `start`.
//! - `february`: cron4j goes from 30 or 31 February to March and forgets the days before.

use himekuri_schedule::{Schedule, Session, time_zone};
use himekuri_workflow::Config;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

/// Path of a larger file of answers to check by hand.
const MORE_ANSWERS: &str = "HIMEKURI_SCHEDULE_ANSWERS";

const REASONS: &[&str] = &["fold", "gap", "estimate", "bounds", "february"];

/// digdag's answer where there is none.
const NEVER: &str = "9999-01-01T00:00:00Z";

struct Heading {
    zone: TimeZone,
    schedule: Schedule,
    delay: i64,
}

#[test]
fn first_next_and_last_answer_as_digdag_does() {
    let recorded = match std::env::var(MORE_ANSWERS) {
        Ok(path) => std::fs::read_to_string(path).expect("the file of answers can be read"),
        Err(_) => include_str!("data/digdag-answers.txt").to_owned(),
    };

    let mut heading = None;
    let mut title = "";
    let mut answers = 0;
    let mut wrong = Vec::new();
    for line in recorded.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            title = text;
            heading = Some(read_heading(text));
            continue;
        }
        let heading = heading.as_ref().expect("a heading before the answers");
        let mut cells = line.split(' ');
        let at: i64 = cells.next().and_then(|at| at.parse().ok()).expect("a time");
        let found = answer(heading, Timestamp::from_second(at).expect("a time"));
        for (name, cell, found) in in_order(cells, found) {
            answers += 1;
            let expected = match cell.split('!').collect::<Vec<_>>()[..] {
                [_digdag, reason, ours] if REASONS.contains(&reason) => ours,
                [both] => both,
                _ => panic!("{title}: {cell} has no known reason"),
            };
            let expected = expected.parse().ok().map(|seconds: i64| at + seconds);
            if found != expected {
                wrong.push(format!("{title}: {name} of {at} is {expected:?}, not {found:?}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{} of {answers} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answers >= 9_000, "only {answers} answers");
}

fn in_order<'a>(
    cells: impl Iterator<Item = &'a str>,
    found: [Option<i64>; 3],
) -> impl Iterator<Item = (&'static str, &'a str, Option<i64>)> {
    ["first", "next", "last"].into_iter().zip(cells).zip(found).map(|((n, c), f)| (n, c, f))
}

/// Session times, seconds since 1970. That runs are a delay later is checked on the way.
fn answer(heading: &Heading, at: Timestamp) -> [Option<i64>; 3] {
    let Heading { zone, schedule, delay } = heading;
    let second = |session: Session| {
        let session_time = session.session_time.as_second();
        assert_eq!(session.run_time.as_second(), session_time + delay);
        session_time
    };
    let next = schedule.next(zone, at);
    let named = schedule.next_session_time(zone, at);
    assert_eq!(named, next.map_or(NEVER.parse().expect("a timestamp"), |next| next.session_time));
    let last = schedule.last_session_time(zone, at).expect("a time within the calendar");
    [schedule.first(zone, at).map(second), next.map(second), Some(last.as_second())]
}

fn read_heading(text: &str) -> Heading {
    let [zone, kind, value, delay, start, end, total] =
        text.split('\t').collect::<Vec<_>>().try_into().expect("seven columns");
    let mut config = Config::new();
    config.insert(format!("{kind}>"), json!(value));
    for (key, value) in [("delay", delay), ("start", start), ("end", end)] {
        if !value.is_empty() {
            config.insert(key.to_owned(), json!(value));
        }
    }
    Heading {
        zone: time_zone(zone).expect("a known zone"),
        schedule: Schedule::parse(&config).unwrap_or_else(|error| panic!("{text}: {error}")),
        delay: total.parse().expect("a number"),
    }
}
