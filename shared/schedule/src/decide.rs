//! What a scheduler does about one schedule when it looks at it: which sessions start, which are left
//! out and why, and when to look again (digdag `ScheduleExecutor.runSchedule`, tick by tick).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::schedule::{CatchUp, Schedule, Session};

/// Sessions that one decision starts or leaves out, so that a schedule of seconds after a long
/// downtime does not hold up the others. A decision takes about a microsecond for each.
pub const MAX_DECIDED: usize = 1_000;

/// With `catch_up: none`, a session that is late by this much still runs: a coordinator that is
/// started again, or taken over from, must not lose one.
pub const ON_TIME: SignedDuration = SignedDuration::from_mins(5);

/// Where a schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last session that it started.
    pub last_session_time: Option<Timestamp>,
    /// The session that is next. Its run time may have been moved.
    pub next: Session,
}

/// Whether an attempt of the workflow is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtime {
    /// An attempt of it runs: `skip_on_overtime` applies.
    Running,
    /// None runs.
    Idle,
}

/// Why a session is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It is later than `skip_delayed_by` allows.
    Delayed,
    /// `catch_up` does not ask for it.
    CatchUp,
    /// An attempt of the workflow is running, and `skip_on_overtime` is set.
    Overtime,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Sessions to start, in order.
    pub starts: Vec<Session>,
    /// Sessions left out, in order.
    pub skipped: Vec<(Session, SkipReason)>,
    /// The last session that was started, now or before.
    pub last_session_time: Option<Timestamp>,
    /// The session that is next; none after `end`.
    pub next: Option<Session>,
    /// Whether `next` is due already: [`MAX_DECIDED`] was reached, and the caller asks again.
    pub more_is_due: bool,
}

impl Schedule {
    /// Decides about all sessions that are due at `now`, from `cursor` on.
    ///
    /// A session that starts counts as a running attempt for the later ones, as in digdag, which starts
    /// them one after the other.
    #[must_use]
    pub fn decide(
        &self,
        zone: &TimeZone,
        cursor: Cursor,
        now: Timestamp,
        overtime: Overtime,
    ) -> Decision {
        let mut decision = Decision {
            starts: Vec::new(),
            skipped: Vec::new(),
            last_session_time: cursor.last_session_time,
            next: Some(cursor.next),
            more_is_due: false,
        };
        let mut overtime = overtime;
        let mut decided = 0;
        while let Some(session) = decision.next.filter(|session| session.run_time <= now) {
            if decided == MAX_DECIDED {
                decision.more_is_due = true;
                break;
            }
            decided += 1;
            let next = self.next(zone, session.session_time);
            let is_latest = next.is_none_or(|next| next.run_time > now);
            match self.skip(session, now, is_latest, overtime) {
                Some(reason) => decision.skipped.push((session, reason)),
                None => {
                    decision.starts.push(session);
                    decision.last_session_time = Some(session.session_time);
                    overtime = Overtime::Running;
                }
            }
            decision.next = next;
        }
        decision
    }

    fn skip(
        &self,
        session: Session,
        now: Timestamp,
        is_latest: bool,
        overtime: Overtime,
    ) -> Option<SkipReason> {
        let late = session.run_time.duration_until(now);
        if self.skip_delayed_by.is_some_and(|limit| late > limit) {
            return Some(SkipReason::Delayed);
        }
        let wanted = match self.catch_up {
            CatchUp::None => is_latest && late <= ON_TIME,
            CatchUp::Latest => is_latest,
            CatchUp::All => true,
            CatchUp::Within(limit) => late <= limit,
        };
        if !wanted {
            return Some(SkipReason::CatchUp);
        }
        let overtime = match overtime {
            Overtime::Running => self.skip_on_overtime,
            Overtime::Idle => false,
        };
        overtime.then_some(SkipReason::Overtime)
    }
}
