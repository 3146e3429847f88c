//! Session times of schedules. Pure: no clock, and the time zones are the bundled ones, whatever
//! the machine has.
//!
//! A session's time names it: for `daily>` it is the local midnight of the day on which it runs
//! (not of the day before). It runs a delay later, counted in seconds: on a day with a change of the
//! clocks the wall-clock time of the run shifts, as in digdag.
//!
//! All schedulers but `seconds_interval>` are patterns of cron4j (`cron`), and `ticks` finds where they
//! match in a zone. [`Schedule::parse`] reads `schedule:`; [`Schedule::decide`] is what a scheduler
//! asks whenever it looks.

mod cron;
mod decide;
mod error;
mod parse;
mod rule;
mod schedule;
mod text;
mod ticks;
mod truncate;
mod zone;

pub use cron::CronProblem;
pub use decide::{Cursor, Decision, MAX_DECIDED, ON_TIME, Overtime, SkipReason};
pub use error::ScheduleError;
pub use schedule::{CatchUp, MAX_SESSION_TIMES, Schedule, Session, unscheduled_session};
pub use truncate::Truncate;
pub use zone::{TimeZoneError, time_zone};
