//! `schedule:` of a workflow: which sessions it has, and when they run.

use himekuri_workflow::Config;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::error::ScheduleError;
use crate::rule::{Rule, never};
use crate::ticks::INSTANT;

/// Sessions that one call of [`Schedule::session_times`] may find: 11 days of one a second. As a list
/// they take 32 MB.
pub const MAX_SESSION_TIMES: usize = 1_000_000;

/// A recurring rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(crate) rule: Rule,
    /// From the time of a session to its run.
    pub(crate) delay: SignedDuration,
    /// Day of the first run.
    pub(crate) start: Option<Date>,
    /// Day of the last run.
    pub(crate) end: Option<Date>,
    pub(crate) skip_on_overtime: bool,
    pub(crate) skip_delayed_by: Option<SignedDuration>,
    pub(crate) catch_up: CatchUp,
    pub(crate) depends_on_previous: bool,
}

/// `catch_up:`, what happens to sessions whose time came while nothing could start them. digdag has
/// no such key; its behaviour is [`CatchUp::All`], the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// They are left out. [`crate::ON_TIME`] says from when on a session counts as missed.
    None,
    /// Only the last one runs.
    Latest,
    /// All of them run.
    #[default]
    All,
    /// Those run that are late by this much at most.
    Within(SignedDuration),
}

/// One planned run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// Names the session.
    pub session_time: Timestamp,
    /// When it is to start.
    pub run_time: Timestamp,
}

impl Schedule {
    /// Reads the mapping of `schedule:`.
    ///
    /// # Errors
    /// No scheduler, more than one, keys that mean nothing, malformed values, a pattern without any
    /// date, an end before the start.
    pub fn parse(config: &Config) -> Result<Self, ScheduleError> {
        crate::parse::parse(config)
    }

    /// Whether `skip_on_overtime` is set: then [`Schedule::decide`] must know whether an attempt runs.
    #[must_use]
    pub fn skips_on_overtime(&self) -> bool {
        self.skip_on_overtime
    }

    /// Whether `depends_on_previous` is set: a session begins only when the one that the schedule started before it has
    /// succeeded. digdag has no such key (its issue 615 asks for it).
    #[must_use]
    pub fn depends_on_previous(&self) -> bool {
        self.depends_on_previous
    }

    /// The sessions whose local date is in `from..=to`, in order. `start` and `end` of the schedule do not
    /// matter: who asks for a date gets it.
    ///
    /// # Errors
    /// More than [`MAX_SESSION_TIMES`], or a run beyond the calendar.
    pub fn session_times(
        &self,
        zone: &TimeZone,
        from: Date,
        to: Date,
    ) -> Result<Vec<Session>, ScheduleError> {
        let mut sessions = Vec::new();
        // Where a date begins twice, the earlier time; the day after `to` may begin before `to` ends.
        let begin = unscheduled_session(zone, from)?;
        let mut after = begin.checked_sub(INSTANT).map_err(|_| ScheduleError::outside(from))?;
        let last = to.saturating_add(SignedDuration::from_hours(24));
        while let Some(session_time) = self.rule.next(zone, after) {
            let date = zone.to_datetime(session_time).date();
            if date > last {
                break;
            }
            if (from..=to).contains(&date) {
                if sessions.len() == MAX_SESSION_TIMES {
                    return Err(ScheduleError::TooManySessions {
                        bound: MAX_SESSION_TIMES,
                        from,
                        to,
                    });
                }
                sessions.push(self.session(session_time)?);
            }
            after = session_time;
        }
        Ok(sessions)
    }

    /// The session time before `session_time`, for `${last_session_time}`. As in digdag, `start` and
    /// `end` do not matter to it.
    ///
    /// # Errors
    /// The beginning of the calendar.
    pub fn last_session_time(
        &self,
        zone: &TimeZone,
        session_time: Timestamp,
    ) -> Result<Timestamp, ScheduleError> {
        let last = self.rule.previous(zone, session_time);
        last.ok_or_else(|| ScheduleError::outside(session_time))
    }

    /// The session time after `session_time`, for `${next_session_time}`. As in digdag, `start` and `end`
    /// apply, and after the last session it is 9999-01-01T00:00:00Z.
    #[must_use]
    pub fn next_session_time(&self, zone: &TimeZone, session_time: Timestamp) -> Timestamp {
        self.next(zone, session_time).map_or_else(never, |session| session.session_time)
    }

    /// The session of a session time.
    ///
    /// # Errors
    /// The run would be beyond the end of the calendar.
    pub fn session(&self, session_time: Timestamp) -> Result<Session, ScheduleError> {
        let run_time = session_time.checked_add(self.delay);
        let run_time = run_time.map_err(|_| ScheduleError::outside(session_time))?;
        Ok(Session { session_time, run_time })
    }

    /// The first session of a schedule that begins `now`: the first that runs now or later (digdag
    /// `getFirstScheduleTime`). For `seconds_interval>` it is the first whose *session time* is now or
    /// later, as there.
    #[must_use]
    pub fn first(&self, zone: &TimeZone, now: Timestamp) -> Option<Session> {
        let from = match &self.rule {
            Rule::Cron(_) => now.checked_sub(self.delay).ok()?,
            Rule::Seconds(_) => now,
        };
        self.next(zone, from.checked_sub(INSTANT).ok()?)
    }

    /// The session after the one of `after`, within `start` and `end` (digdag `nextScheduleTime`): its
    /// run time decides, and the day `end` is included. If it would run before `start`, the first
    /// session whose *session time* is in `start` or later takes its place, as in digdag.
    #[must_use]
    pub fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Session> {
        let mut session = self.session(self.rule.next(zone, after)?).ok()?;
        if let Some(start) = self.start {
            let start = unscheduled_session(zone, start).ok()?;
            if session.run_time < start {
                let before = start.checked_sub(INSTANT).ok()?;
                session = self.session(self.rule.next(zone, before)?).ok()?;
            }
        }
        if let Some(end) = self.end.and_then(|end| end.tomorrow().ok()) {
            let end = unscheduled_session(zone, end).ok()?;
            return (session.run_time < end).then_some(session);
        }
        Some(session)
    }

    /// The next session of a schedule whose definition was pushed at `now`: after the last session that
    /// it ran under any definition, or else the first from now on, as in digdag.
    #[must_use]
    pub fn resume(
        &self,
        zone: &TimeZone,
        last_session_time: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Session> {
        match last_session_time {
            Some(last) => self.next(zone, last),
            None => self.first(zone, now),
        }
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
    let midnight = date.to_datetime(Time::midnight());
    zone.to_timestamp(midnight).map_err(|_| ScheduleError::outside(date))
}
