//! From the mapping of `schedule:` to a [`Schedule`] (digdag `SchedulerManager` and the factories in
//! `standards/scheduler`). A key that nobody reads is an error, as when digdag receives a push.

use himekuri_workflow::{Config, did_you_mean};
use jiff::SignedDuration;
use serde_json::Value;

use crate::cron::{self, Pattern};
use crate::error::ScheduleError;
use crate::rule::Rule;
use crate::schedule::{CatchUp, Schedule};
use crate::text;

/// Options that every scheduler has. `catch_up` and `depends_on_previous` are ours.
const OPTIONS: [&str; 6] =
    ["skip_on_overtime", "skip_delayed_by", "start", "end", "catch_up", DEPENDS_ON_PREVIOUS];

const DEPENDS_ON_PREVIOUS: &str = "depends_on_previous";

const CLOCK: &str = "`HH:MM:SS`, such as `07:00:00`";
const MINUTES: &str = "`MM:SS`, such as `15:00`";
const WEEKLY: &str =
    "one day or a range of days and `HH:MM:SS`, such as `Sun,09:00:00` or `Mon-Fri,09:00:00`";
const MONTHLY: &str = "a day from 1 to 31 and `HH:MM:SS` without blanks, such as `1,09:00:00`";
const INTERVAL: &str = "a whole number from 1 on, such as `30`";
const PATTERN: &str = "five fields, such as `30 4 * * mon-fri`";
const SECONDS: &str = "a whole number of seconds, such as `300`";
const YES_NO: &str = "`true` or `false`";
const DURATION: &str =
    "a duration of days, hours, minutes and seconds in this order, such as `1h 30m`";
const DATE: &str = "a date `YYYY-MM-DD`, such as `2024-04-01`";
const CATCH_UP: &str = "`none`, `latest`, `all` or a duration such as `1d 12h`";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    MinutesInterval,
    SecondsInterval,
    Cron,
}

/// With the key that selects each.
const KINDS: [(Kind, &str); 7] = [
    (Kind::Hourly, "hourly>"),
    (Kind::Daily, "daily>"),
    (Kind::Weekly, "weekly>"),
    (Kind::Monthly, "monthly>"),
    (Kind::MinutesInterval, "minutes_interval>"),
    (Kind::SecondsInterval, "seconds_interval>"),
    (Kind::Cron, "cron>"),
];

impl Kind {
    /// The schedulers that take a time of day or hour, and have their delay from it.
    const fn is_clock(self) -> bool {
        match self {
            Self::Hourly | Self::Daily | Self::Weekly | Self::Monthly => true,
            Self::MinutesInterval | Self::SecondsInterval | Self::Cron => false,
        }
    }
}

/// A scheduler as written.
struct Scheduler<'a> {
    kind: Kind,
    /// `daily>`, or `_type: daily`.
    written: String,
    /// Key of the value that it runs by.
    key: &'a str,
    value: &'a Value,
}

/// Reads the mapping of `schedule:`.
pub(crate) fn parse(config: &Config) -> Result<Schedule, ScheduleError> {
    let scheduler = scheduler(config)?;
    check_keys(config, &scheduler)?;
    let (rule, delay) = rule(&scheduler)?;
    let delay = match config.get("delay") {
        Some(value) => number("delay", value, SECONDS).map(SignedDuration::from_secs)?,
        None => delay,
    };
    let start = config.get("start").map(|v| read("start", v, DATE, text::date)).transpose()?;
    let end = config.get("end").map(|v| read("end", v, DATE, text::date)).transpose()?;
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(ScheduleError::EndBeforeStart { start, end });
    }
    let delayed = config.get("skip_delayed_by");
    let catch_up = config.get("catch_up");
    Ok(Schedule {
        rule,
        delay,
        start,
        end,
        skip_on_overtime: yes_no(config, "skip_on_overtime")?,
        skip_delayed_by: delayed
            .map(|value| read("skip_delayed_by", value, DURATION, text::duration))
            .transpose()?,
        depends_on_previous: yes_no(config, DEPENDS_ON_PREVIOUS)?,
        catch_up: catch_up
            .map_or(Ok(CatchUp::All), |value| read("catch_up", value, CATCH_UP, catch_up_of))?,
    })
}

fn scheduler(config: &Config) -> Result<Scheduler<'_>, ScheduleError> {
    let mut schedulers = config.iter().filter(|(key, _)| key.ends_with('>') || *key == "_type");
    let (key, value) = schedulers.next().ok_or(ScheduleError::NoScheduler)?;
    if let Some((second, _)) = schedulers.next() {
        return Err(ScheduleError::TwoSchedulers { first: key.clone(), second: second.clone() });
    }
    if key == "_type" {
        return typed(config, value);
    }
    let kind = KINDS.into_iter().find(|(_, name)| name == key);
    let (kind, _) = kind.ok_or_else(|| unknown(key))?;
    Ok(Scheduler { kind, written: key.clone(), key, value })
}

/// `_type: daily` with `at:` or `_command:`.
fn typed<'a>(config: &'a Config, value: &Value) -> Result<Scheduler<'a>, ScheduleError> {
    let found = shown(value);
    let names = KINDS.into_iter().map(|(kind, key)| (kind, key.trim_end_matches('>')));
    let Some((kind, name)) = names.clone().find(|(_, name)| *name == found) else {
        let similar = did_you_mean(&found, names.map(|(_, name)| name));
        return Err(ScheduleError::UnknownType { found, similar });
    };
    let keys: &[_] = if kind.is_clock() { &["_command", "at"] } else { &["_command"] };
    let command = keys.iter().find_map(|key| Some((*key, config.get(*key)?)));
    let wanted = if kind.is_clock() { "at" } else { "_command" };
    let (key, value) = command.ok_or(ScheduleError::NoCommand { kind: name, key: wanted })?;
    Ok(Scheduler { kind, written: format!("_type: {name}"), key, value })
}

fn check_keys(config: &Config, scheduler: &Scheduler<'_>) -> Result<(), ScheduleError> {
    for key in config.keys() {
        let read = key.ends_with('>')
            || key == "_type"
            || key == scheduler.key
            || OPTIONS.contains(&key.as_str())
            || key == "delay" && !scheduler.kind.is_clock();
        if read {
            continue;
        }
        let cure = match key.as_str() {
            "delay" => "its own time is the delay after the session's time",
            "at" | "_command" => "write the value once",
            _ => return Err(unknown(key)),
        };
        let scheduler = scheduler.written.clone();
        return Err(ScheduleError::MisplacedKey { key: key.clone(), scheduler, cure });
    }
    Ok(())
}

fn unknown(key: &str) -> ScheduleError {
    let known = KINDS.into_iter().map(|(_, name)| name).chain(OPTIONS).chain(["_type", "delay"]);
    ScheduleError::UnknownKey { key: key.to_owned(), similar: did_you_mean(key, known) }
}

fn rule(scheduler: &Scheduler<'_>) -> Result<(Rule, SignedDuration), ScheduleError> {
    let &Scheduler { kind, key, value, .. } = scheduler;
    let cron = |pattern| Rule::Cron(vec![pattern]);
    let none = SignedDuration::ZERO;
    Ok(match kind {
        Kind::Hourly => (cron(Pattern::HOURLY), read(key, value, MINUTES, text::time_of_hour)?),
        Kind::Daily => (cron(Pattern::DAILY), read(key, value, CLOCK, text::time_of_day)?),
        Kind::Weekly => {
            let (days, delay) = read(key, value, WEEKLY, weekly)?;
            let bad = |problem| bad_cron(key, days, problem);
            (cron(Pattern::weekly(cron::weekdays(days).map_err(bad)?)), delay)
        }
        Kind::Monthly => {
            let (day, delay) = read(key, value, MONTHLY, monthly)?;
            (cron(Pattern::monthly(day)), delay)
        }
        Kind::MinutesInterval => {
            let step = usize::try_from(interval(key, value)?).unwrap_or(usize::MAX);
            (cron(Pattern::every_minutes(step)), none)
        }
        Kind::SecondsInterval => (Rule::Seconds(interval(key, value)?), none),
        Kind::Cron => {
            let pattern = read(key, value, PATTERN, Some)?;
            let patterns = cron::parse(pattern);
            (Rule::Cron(patterns.map_err(|problem| bad_cron(key, pattern, problem))?), none)
        }
    })
}

/// `D,HH:MM:SS`, with blanks around both.
fn weekly(text: &str) -> Option<(&str, SignedDuration)> {
    let (days, time) = text.split_once(',')?;
    let days = days.trim_ascii();
    // cron4j would read `-1` as `1`.
    let usable = !days.is_empty() && !days.starts_with('-');
    usable.then_some((days, text::time_of_day(time.trim_ascii())?))
}

/// `D,HH:MM:SS`, without blanks.
fn monthly(text: &str) -> Option<(u8, SignedDuration)> {
    let (day, time) = text.split_once(',')?;
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    Some((day, text::time_of_day(time)?))
}

/// digdag reads an `int`.
fn interval(key: &str, value: &Value) -> Result<i64, ScheduleError> {
    let interval = number(key, value, INTERVAL)?;
    let usable = (1..=i64::from(i32::MAX)).contains(&interval);
    if usable { Ok(interval) } else { Err(bad_value(key, value, INTERVAL)) }
}

fn catch_up_of(text: &str) -> Option<CatchUp> {
    match text {
        "none" => Some(CatchUp::None),
        "latest" => Some(CatchUp::Latest),
        "all" => Some(CatchUp::All),
        other => text::duration(other).map(CatchUp::Within),
    }
}

/// `false` if it is not there.
fn yes_no(config: &Config, key: &str) -> Result<bool, ScheduleError> {
    let Some(value) = config.get(key) else {
        return Ok(false);
    };
    let text = value.as_str().map(str::to_ascii_lowercase);
    value.as_bool().or_else(|| text?.parse().ok()).ok_or_else(|| bad_value(key, value, YES_NO))
}

fn number(key: &str, value: &Value, expected: &'static str) -> Result<i64, ScheduleError> {
    let text = value.as_str().map(|text| text.trim_ascii().parse().ok());
    value.as_i64().or(text.flatten()).ok_or_else(|| bad_value(key, value, expected))
}

fn read<'a, T>(
    key: &str,
    value: &'a Value,
    expected: &'static str,
    read: impl FnOnce(&'a str) -> Option<T>,
) -> Result<T, ScheduleError> {
    value.as_str().and_then(read).ok_or_else(|| bad_value(key, value, expected))
}

fn bad_value(key: &str, value: &Value, expected: &'static str) -> ScheduleError {
    ScheduleError::BadValue { key: key.to_owned(), expected, found: shown(value) }
}

fn bad_cron(key: &str, pattern: &str, problem: cron::CronProblem) -> ScheduleError {
    ScheduleError::BadCron { key: key.to_owned(), pattern: pattern.to_owned(), problem }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
