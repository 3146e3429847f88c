//! What is wrong with a `schedule:`, which key to point at, and how to mend it.

use jiff::civil::Date;

use crate::cron::CronProblem;

/// A `schedule:` that cannot be used, or a time beyond the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No key ends with `>`, and there is no `_type`.
    #[error("`schedule` has no scheduler; write for example `daily>: 07:00:00` below it")]
    NoScheduler,
    /// More than one key chooses a scheduler.
    #[error("`schedule` has two schedulers, `{first}` and `{second}`; a workflow has one")]
    TwoSchedulers {
        /// The first key.
        first: String,
        /// The second key.
        second: String,
    },
    /// Neither digdag nor this program has the key.
    #[error("unknown key `{key}` in `schedule`{}", hint(*.similar))]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known one.
        similar: Option<&'static str>,
    },
    /// `_type` names no scheduler.
    #[error("`_type` in `schedule` is `{found}`, which is no scheduler{}", hint(*.similar))]
    UnknownType {
        /// The value.
        found: String,
        /// The nearest known one.
        similar: Option<&'static str>,
    },
    /// `_type` without the value that the scheduler needs.
    #[error("`_type: {kind}` in `schedule` needs `{key}`; or write `{kind}>:` with the value")]
    NoCommand {
        /// The scheduler.
        kind: &'static str,
        /// The missing key.
        key: &'static str,
    },
    /// A known key that this scheduler does not read.
    #[error("`{key}` has no meaning beside `{scheduler}` in `schedule`; {cure}")]
    MisplacedKey {
        /// The key.
        key: String,
        /// The scheduler, as written.
        scheduler: String,
        /// What to do.
        cure: &'static str,
    },
    /// A value of another form.
    #[error("`{key}` must be {expected}, but it is `{found}`")]
    BadValue {
        /// The key.
        key: String,
        /// What it must be, with an example.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A pattern that cron4j does not accept.
    #[error("`{key}` has the pattern `{pattern}`: {problem}")]
    BadCron {
        /// The key.
        key: String,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        problem: CronProblem,
    },
    /// `end` is before `start`.
    #[error("`end` of `schedule` is {end}, before its `start` {start}; no session would run")]
    EndBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// More sessions than one request may have.
    #[error(
        "there are more than {bound} sessions from {from} to {to}; ask for fewer days at a time"
    )]
    TooManySessions {
        /// The bound.
        bound: usize,
        /// First date asked for.
        from: Date,
        /// Last date asked for.
        to: Date,
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
            | Self::UnknownKey { key, .. }
            | Self::MisplacedKey { key, .. }
            | Self::BadValue { key, .. }
            | Self::BadCron { key, .. } => Some(key),
            Self::UnknownType { .. } | Self::NoCommand { .. } => Some("_type"),
            Self::EndBeforeStart { .. } => Some("end"),
            Self::NoScheduler | Self::TooManySessions { .. } | Self::OutsideCalendar { .. } => None,
        }
    }

    pub(crate) fn outside(near: impl ToString) -> Self {
        Self::OutsideCalendar { near: near.to_string() }
    }
}

fn hint(similar: Option<&str>) -> String {
    similar.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}
