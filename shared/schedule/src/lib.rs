//! Session times of schedules. Pure: no clock, and the time zones are the bundled ones, whatever
//! the machine has.
//!
//! A session's time names it: for `daily>` it is the local midnight of the day on which it runs
//! (not of the day before). It runs `daily>`'s delay later, counted in seconds: on a day with a
//! change of the clocks the wall-clock time of the run shifts, as in digdag.

mod schedule;
mod zone;

pub use schedule::{Schedule, ScheduleError, Session, unscheduled_session};
pub use zone::{TimeZoneError, time_zone};
