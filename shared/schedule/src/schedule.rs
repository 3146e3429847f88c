//! `schedule:` of a workflow (digdag `SchedulerManager`, `DailySchedulerFactory`).

use himekuri_workflow::{Config, did_you_mean};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Schedulers that digdag has, as keys.
const SCHEDULERS: &[&str] = &[
    "hourly>",
    "daily>",
    "weekly>",
    "monthly>",
    "minutes_interval>",
    "seconds_interval>",
    "cron>",
];

/// Options that digdag has beside the scheduler.
const OPTIONS: &[&str] = &["skip_on_overtime", "skip_delayed_by", "start", "end"];

/// A recurring rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// A session for each local midnight, run this much later.
    Daily { delay: SignedDuration },
}

/// One planned run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// Names the session.
    pub session_time: Timestamp,
    /// When it is to start.
    pub run_time: Timestamp,
}

/// A `schedule:` that cannot be used, or a time beyond the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No key ends with `>`.
    #[error("`schedule` has no scheduler; write for example `daily>: 07:00:00` below it")]
    NoScheduler,
    /// More than one key ends with `>`.
    #[error("`schedule` has two schedulers, `{first}` and `{second}`; a workflow has one")]
    TwoSchedulers {
        /// The first key.
        first: String,
        /// The second key.
        second: String,
    },
    /// digdag has it, this version does not.
    #[error("this version does not run `{key}` in `schedule` yet; it runs `daily>`")]
    NotSupportedYet {
        /// The key.
        key: String,
    },
    /// Nobody has it.
    #[error("unknown key `{key}` in `schedule`{}", hint(*.similar))]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known one.
        similar: Option<&'static str>,
    },
    /// The value of `daily>` is not three numbers.
    #[error("`daily>` must be `HH:MM:SS`, such as `07:00:00`, but it is `{found}`")]
    NotATimeOfDay {
        /// What was found.
        found: String,
    },
    /// The calendar ends with the year 9999.
    #[error("the time near {near} is outside the calendar")]
    OutsideCalendar {
        /// The date or time that was asked about.
        near: String,
    },
}

impl ScheduleError {
    /// Key of `schedule:` that the problem is about, if it is about one: the place to show.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::TwoSchedulers { second: key, .. }
            | Self::NotSupportedYet { key }
            | Self::UnknownKey { key, .. } => Some(key),
            Self::NotATimeOfDay { .. } => Some("daily>"),
            Self::NoScheduler | Self::OutsideCalendar { .. } => None,
        }
    }
}

fn hint(similar: Option<&str>) -> String {
    similar.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

impl Schedule {
    /// Reads the mapping of `schedule:`.
    ///
    /// # Errors
    /// No scheduler, more than one, one that this version does not run, keys that mean nothing, a
    /// malformed time.
    pub fn parse(config: &Config) -> Result<Self, ScheduleError> {
        let mut schedulers = config.iter().filter(|(key, _)| key.ends_with('>') || *key == "_type");
        let (key, value) = schedulers.next().ok_or(ScheduleError::NoScheduler)?;
        if let Some((second, _)) = schedulers.next() {
            return Err(ScheduleError::TwoSchedulers {
                first: key.clone(),
                second: second.clone(),
            });
        }
        if key != "daily>" {
            return Err(unusable(key));
        }
        if let Some(other) = config.keys().find(|other| *other != key) {
            return Err(unusable(other));
        }
        Ok(Self { rule: Rule::Daily { delay: time_of_day(value)? } })
    }

    /// The sessions whose date is in `from..=to`, in order.
    ///
    /// # Errors
    /// A date at the very end of the calendar.
    pub fn session_times(
        &self,
        zone: &TimeZone,
        from: Date,
        to: Date,
    ) -> Result<Vec<Session>, ScheduleError> {
        let mut sessions = Vec::new();
        let mut date = from;
        while date <= to {
            sessions.push(self.session(unscheduled_session(zone, date)?)?);
            match date.tomorrow() {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        Ok(sessions)
    }

    /// The session time before `session_time`.
    ///
    /// # Errors
    /// The beginning of the calendar.
    pub fn last_session_time(
        &self,
        zone: &TimeZone,
        session_time: Timestamp,
    ) -> Result<Timestamp, ScheduleError> {
        match self.rule {
            Rule::Daily { .. } => {
                let date = session_time.to_zoned(zone.clone()).date();
                let midnight = unscheduled_session(zone, date)?;
                if midnight < session_time {
                    return Ok(midnight);
                }
                let yesterday = date.yesterday().map_err(|_| outside(date))?;
                unscheduled_session(zone, yesterday)
            }
        }
    }

    /// The session time after `session_time`.
    ///
    /// # Errors
    /// The end of the calendar.
    pub fn next_session_time(
        &self,
        zone: &TimeZone,
        session_time: Timestamp,
    ) -> Result<Timestamp, ScheduleError> {
        match self.rule {
            Rule::Daily { .. } => {
                let date = session_time.to_zoned(zone.clone()).date();
                let midnight = unscheduled_session(zone, date)?;
                if midnight > session_time {
                    return Ok(midnight);
                }
                let tomorrow = date.tomorrow().map_err(|_| outside(date))?;
                unscheduled_session(zone, tomorrow)
            }
        }
    }

    /// The session of a session time.
    ///
    /// # Errors
    /// The run would be beyond the end of the calendar.
    pub fn session(&self, session_time: Timestamp) -> Result<Session, ScheduleError> {
        let delay = match self.rule {
            Rule::Daily { delay } => delay,
        };
        let run_time = session_time.checked_add(delay).map_err(|_| outside(session_time))?;
        Ok(Session { session_time, run_time })
    }
}

/// Session time of a workflow without `schedule:` for a date: local midnight, or where the clocks
/// skip it, the same time after midnight as the clocks are put forward.
///
/// # Errors
/// The first or last day of the calendar.
pub fn unscheduled_session(zone: &TimeZone, date: Date) -> Result<Timestamp, ScheduleError> {
    // The zone's "compatible" reading: a skipped time is taken with the offset before the gap, as
    // Java does.
    zone.to_timestamp(date.to_datetime(Time::midnight())).map_err(|_| outside(date))
}

fn outside(near: impl ToString) -> ScheduleError {
    ScheduleError::OutsideCalendar { near: near.to_string() }
}

fn unusable(key: &str) -> ScheduleError {
    if key == "_type" || SCHEDULERS.contains(&key) || OPTIONS.contains(&key) {
        return ScheduleError::NotSupportedYet { key: key.to_owned() };
    }
    let known = SCHEDULERS.iter().chain(OPTIONS).copied();
    ScheduleError::UnknownKey { key: key.to_owned(), similar: did_you_mean(key, known) }
}

/// `HH:MM:SS` as a delay. The parts have no upper bound in digdag: `30:00:00` is 06:00 on the next
/// day.
fn time_of_day(value: &Value) -> Result<SignedDuration, ScheduleError> {
    let seconds = |text: &str| {
        let parts: Vec<i64> = text.split(':').map(part).collect::<Option<_>>()?;
        let [hours, minutes, seconds] = parts.as_slice() else {
            return None;
        };
        Some(hours * 3600 + minutes * 60 + seconds)
    };
    value.as_str().and_then(seconds).map(SignedDuration::from_secs).ok_or_else(|| {
        let found = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        ScheduleError::NotATimeOfDay { found }
    })
}

fn part(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse::<u32>().ok().map(i64::from)).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::time_zone;

    fn parse(config: Value) -> Result<Schedule, ScheduleError> {
        let Value::Object(config) = config else { panic!("{config} is no mapping") };
        Schedule::parse(&config)
    }

    fn daily(at: &str) -> Schedule {
        parse(json!({ "daily>": at })).expect("a valid time")
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn sessions(schedule: &Schedule, zone: &str, from: Date, to: Date) -> Vec<String> {
        let zone = time_zone(zone).expect("a known zone");
        let sessions = schedule.session_times(&zone, from, to).expect("dates within the calendar");
        sessions.iter().map(|s| format!("{} {}", s.session_time, s.run_time)).collect()
    }

    #[test]
    fn a_session_is_the_midnight_of_the_day_it_runs_on() {
        let found = sessions(&daily("07:00:00"), "Asia/Tokyo", date(2019, 9, 1), date(2019, 9, 2));

        assert_eq!(
            found,
            [
                "2019-08-31T15:00:00Z 2019-08-31T22:00:00Z",
                "2019-09-01T15:00:00Z 2019-09-01T22:00:00Z"
            ]
        );
    }

    #[test]
    fn parts_beyond_a_day_run_on_a_later_day() {
        let found = sessions(&daily("30:00:00"), "UTC", date(2019, 9, 1), date(2019, 9, 1));

        assert_eq!(found, ["2019-09-01T00:00:00Z 2019-09-02T06:00:00Z"]);
    }

    #[test]
    fn the_delay_is_counted_in_seconds_across_a_change_of_the_clocks() {
        let day = date(2019, 3, 31);

        let found = sessions(&daily("07:00:00"), "Europe/Berlin", day, day);

        assert_eq!(found, ["2019-03-30T23:00:00Z 2019-03-31T06:00:00Z"]);
    }

    #[test]
    fn a_skipped_midnight_is_one_oclock() {
        let day = date(2018, 11, 4);

        let found = sessions(&daily("00:00:00"), "America/Sao_Paulo", day, day);

        assert_eq!(found, ["2018-11-04T03:00:00Z 2018-11-04T03:00:00Z"]);
    }

    #[test]
    fn last_and_next_are_neighbouring_midnights_across_a_change_of_the_clocks() {
        let zone = time_zone("America/Sao_Paulo").unwrap();
        let schedule = daily("00:00:00");
        let skipped = utc("2018-11-04T03:00:00Z");

        let last = schedule.last_session_time(&zone, skipped).unwrap();
        let next = schedule.next_session_time(&zone, skipped).unwrap();

        assert_eq!((last, next), (utc("2018-11-03T03:00:00Z"), utc("2018-11-05T02:00:00Z")));
        assert_eq!(schedule.next_session_time(&zone, last), Ok(skipped));
        assert_eq!(schedule.last_session_time(&zone, next), Ok(skipped));
    }

    #[test]
    fn neighbours_of_a_time_within_a_day_are_its_two_midnights() {
        let zone = TimeZone::UTC;
        let schedule = daily("00:00:00");
        let noon = utc("2019-09-01T12:00:00Z");

        let last = schedule.last_session_time(&zone, noon).unwrap();
        let next = schedule.next_session_time(&zone, noon).unwrap();

        assert_eq!((last, next), (utc("2019-09-01T00:00:00Z"), utc("2019-09-02T00:00:00Z")));
    }

    #[test]
    fn dates_in_reverse_have_no_sessions() {
        let found = sessions(&daily("00:00:00"), "UTC", date(2019, 9, 2), date(2019, 9, 1));

        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_scheduled_says_why() {
        let table = [
            (json!({}), "has no scheduler"),
            (json!({"daily>": "07:00:00", "hourly>": "00:00"}), "`daily>` and `hourly>`"),
            (json!({"cron>": "0 0 * * *"}), "does not run `cron>` in `schedule` yet"),
            (json!({"daily>": "07:00:00", "start": "2019-01-01"}), "`start`"),
            (json!({"dayly>": "07:00:00"}), "did you mean `daily>`?"),
            (json!({"daily>": "07:00:00", "foo": 1}), "unknown key `foo`"),
            (json!({"daily>": "07:00"}), "but it is `07:00`"),
            (json!({"daily>": "07:00:xx"}), "`07:00:xx`"),
            (json!({"daily>": "07:-1:00"}), "`07:-1:00`"),
            (json!({"daily>": 7}), "`7`"),
        ];

        for (config, expected) in table {
            let error = parse(config).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
