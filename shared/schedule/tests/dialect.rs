//! What is accepted, and what it is read as: cron4j 2.2.5 and digdag's rules judged the same texts.

use himekuri_schedule::{Schedule, ScheduleError};
use himekuri_workflow::Config;
use jiff::Timestamp;
use serde_json::json;

fn schedule(key: &str, value: &str) -> Result<Schedule, ScheduleError> {
    Schedule::parse(&Config::from_iter([(key.to_owned(), json!(value))]))
}

/// `+` accepted, `-` refused, `!` accepted but without a date in any year: cron4j then searches for ever.
#[test]
fn patterns_are_accepted_as_cron4j_accepts_them() {
    let recorded = include_str!("data/cron4j-patterns.txt");

    let mut wrong = Vec::new();
    for line in recorded.lines() {
        let (verdict, pattern) = line.split_at(1);
        let found = match schedule("cron>", pattern) {
            Ok(_) => "+",
            Err(error) if error.to_string().contains("matches no date") => "!",
            Err(_) => "-",
        };
        if found != verdict {
            wrong.push(format!("{line}: {found}"));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(recorded.lines().count(), 1000);
}

/// The delay in seconds, or `error`.
#[test]
fn times_and_intervals_are_read_as_digdag_reads_them() {
    // cron4j takes `-1` for 1.
    let ours = [(("monthly", "-1,09:00:00"), "error")];

    for line in include_str!("data/digdag-delays.txt").lines() {
        let [digdag, kind, value] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("three columns");
        let own = ours.iter().find(|(case, _)| *case == (kind, value));
        let expected = own.map_or(digdag, |(_, own)| own);

        let found = schedule(&format!("{kind}>"), value).map(|schedule| {
            let session = schedule.session(Timestamp::UNIX_EPOCH).expect("within the calendar");
            session.run_time.as_second().to_string()
        });

        let found = found.unwrap_or_else(|_| "error".to_owned());
        assert_eq!(found, expected, "{kind}>: {value:?}");
    }
}
