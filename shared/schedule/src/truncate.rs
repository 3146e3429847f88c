//! From a moment to a session time: `start --session hourly`, `daily`, `schedule` and the like.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::error::ScheduleError;
use crate::schedule::Schedule;

/// How to find the session time of a moment (digdag `SessionTimeTruncate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncate {
    /// The beginning of its local hour.
    Hour,
    /// The beginning of its local day.
    Day,
    /// The session that runs then or next: what `first` answers, so it may be later than the moment.
    Schedule,
    /// The session time after it.
    NextSchedule,
}

impl Truncate {
    /// The session time of `moment`. Without a schedule, [`Self::Schedule`] and [`Self::NextSchedule`]
    /// have none; after the end of a schedule neither.
    ///
    /// # Errors
    /// The beginning or the end of the calendar.
    pub fn session_time(
        self,
        zone: &TimeZone,
        schedule: Option<&Schedule>,
        moment: Timestamp,
    ) -> Result<Option<Timestamp>, ScheduleError> {
        let local = zone.to_datetime(moment);
        let session = match self {
            Self::Hour => {
                let hour = local.date().at(local.hour(), 0, 0, 0);
                return begin(zone, moment, hour).map(Some);
            }
            Self::Day => {
                let midnight = local.date().to_datetime(Time::midnight());
                return begin(zone, moment, midnight).map(Some);
            }
            Self::Schedule => schedule.and_then(|schedule| schedule.first(zone, moment)),
            Self::NextSchedule => schedule.and_then(|schedule| schedule.next(zone, moment)),
        };
        Ok(session.map(|session| session.session_time))
    }
}

/// A local time near `moment`; where it comes twice, the one with the offset of `moment`, as Java does.
fn begin(zone: &TimeZone, moment: Timestamp, local: DateTime) -> Result<Timestamp, ScheduleError> {
    let found = zone.to_ambiguous_timestamp(local);
    let same_offset = match found.offset() {
        AmbiguousOffset::Fold { after, .. } => after == zone.to_offset(moment),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => false,
    };
    let time = if same_offset { found.later() } else { found.compatible() };
    time.map_err(|_| ScheduleError::outside(moment))
}
