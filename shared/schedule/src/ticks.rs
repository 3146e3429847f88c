//! The times at which patterns match in a zone: the one set of ticks that `next` and `previous` walk.
//!
//! Between two changes of the clocks, local time and time run alike, so the calendar answers. At a
//! change:
//!
//! - A time that the clocks skip happens as much later as they are put forward, as in digdag, unless that
//!   is another date.
//! - A time that comes twice happens the second time, as in digdag. A pattern that matches in every
//!   hour matches both times: digdag leaves out an hour there, and with it an hour's data.
//!
//! digdag's answers also depend on where one starts to look. Here a time is a tick or it is none.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::cron::Pattern;

/// The shortest time that there is.
pub(crate) const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// The first tick after `after`, before the calendar ends.
pub(crate) fn next(patterns: &[Pattern], zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut stretch = Stretch::with(zone, after)?;
    let mut after = after;
    loop {
        let tick = patterns.iter().filter_map(|pattern| stretch.next(pattern, after)).min();
        if tick.is_some() {
            return tick;
        }
        let end = stretch.end?.at;
        after = end.checked_sub(INSTANT).ok()?;
        stretch = Stretch::with(zone, end)?;
    }
}

/// The last tick before `before`, after the calendar begins.
pub(crate) fn previous(
    patterns: &[Pattern],
    zone: &TimeZone,
    before: Timestamp,
) -> Option<Timestamp> {
    let mut before = before;
    loop {
        let stretch = Stretch::with(zone, before.checked_sub(INSTANT).ok()?)?;
        let tick = patterns.iter().filter_map(|pattern| stretch.previous(pattern, before)).max();
        if tick.is_some() {
            return tick;
        }
        before = stretch.start?.at;
    }
}

/// Time between two changes of the clocks.
struct Stretch {
    offset: Offset,
    start: Option<Change>,
    end: Option<Change>,
}

struct Change {
    at: Timestamp,
    /// By how much the clocks are put forward; below zero they are put back.
    forward: SignedDuration,
}

impl Stretch {
    fn with(zone: &TimeZone, time: Timestamp) -> Option<Self> {
        let offset = zone.to_offset(time);
        // `preceding` leaves out a change at the very time.
        let start = zone.preceding(time.checked_add(INSTANT).ok()?).next();
        let start = match start.map(|change| change.timestamp()) {
            Some(at) => {
                let before = zone.to_offset(at.checked_sub(INSTANT).ok()?);
                Some(Change { at, forward: before.duration_until(offset) })
            }
            None => None,
        };
        let end = zone.following(time).next().map(|change| Change {
            at: change.timestamp(),
            forward: offset.duration_until(change.offset()),
        });
        Some(Self { offset, start, end })
    }

    fn local(&self, time: Timestamp) -> DateTime {
        self.offset.to_datetime(time)
    }

    fn next(&self, pattern: &Pattern, after: Timestamp) -> Option<Timestamp> {
        let local = pattern.next(self.local(after), self.end_for(pattern)?);
        let regular = local.and_then(|local| self.offset.to_timestamp(local).ok());
        let skipped = self.next_skipped(pattern, after);
        [regular, skipped].into_iter().flatten().min()
    }

    fn previous(&self, pattern: &Pattern, before: Timestamp) -> Option<Timestamp> {
        let local = self.local(before).min(self.end_for(pattern)?);
        let local = pattern.previous(local, self.start_local());
        let regular = local.and_then(|local| self.offset.to_timestamp(local).ok());
        let skipped = self.previous_skipped(pattern, before);
        [regular, skipped].into_iter().flatten().max()
    }

    fn start_local(&self) -> DateTime {
        self.start.as_ref().map_or(DateTime::MIN, |change| self.local(change.at))
    }

    /// Local time from which the pattern does not match in this stretch: where the clocks are
    /// put back, times come again in the next one.
    fn end_for(&self, pattern: &Pattern) -> Option<DateTime> {
        let Some(change) = &self.end else {
            return Some(DateTime::MAX);
        };
        let end = self.local(change.at);
        if pattern.is_every_hour() || change.forward.is_positive() {
            return Some(end);
        }
        end.checked_add(change.forward).ok()
    }

    fn next_skipped(&self, pattern: &Pattern, after: Timestamp) -> Option<Timestamp> {
        let (first, end, forward) = self.skipped()?;
        let mut local = self.local(after).checked_sub(forward).ok()?;
        if local >= end {
            return None;
        }
        local = local.max(first.checked_sub(INSTANT).ok()?);
        loop {
            local = pattern.next(local, end)?;
            if let Some(tick) = self.shifted(local, forward) {
                return Some(tick);
            }
        }
    }

    fn previous_skipped(&self, pattern: &Pattern, before: Timestamp) -> Option<Timestamp> {
        let (first, end, forward) = self.skipped()?;
        let mut local = self.local(before).checked_sub(forward).ok()?.min(end);
        loop {
            local = pattern.previous(local, first)?;
            if let Some(tick) = self.shifted(local, forward) {
                return Some(tick);
            }
        }
    }

    /// The local times that the clocks skipped when this stretch began, and how many they are.
    fn skipped(&self) -> Option<(DateTime, DateTime, SignedDuration)> {
        let change = self.start.as_ref().filter(|change| change.forward.is_positive())?;
        let end = self.local(change.at);
        Some((end.checked_sub(change.forward).ok()?, end, change.forward))
    }

    /// A skipped time, as much later as the clocks were put forward, if the date stays.
    fn shifted(&self, local: DateTime, forward: SignedDuration) -> Option<Timestamp> {
        let shifted = local.checked_add(forward).ok()?;
        let same_date = shifted.date() == local.date();
        same_date.then(|| self.offset.to_timestamp(shifted).ok()).flatten()
    }
}
