//! Comparisons of moments, exact or by a unit. Source: moment 2.21.0, `moment/compare.js`.

use super::time::Time;
use super::units::Unit;
use super::zone::Zone;

/// An invalid moment is neither before, nor after, nor the same as any.
impl Time {
    /// `isBefore(other, unit)`
    pub(crate) fn is_before(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let mut end = *self;
        end.end_of(unit, zone);
        end.value() < other.value()
    }

    /// `isAfter(other, unit)`
    pub(crate) fn is_after(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let mut start = *self;
        start.start_of(unit, zone);
        other.value() < start.value()
    }

    /// `isSame(other, unit)`
    pub(crate) fn is_same(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let (mut start, mut end) = (*self, *self);
        start.start_of(unit, zone);
        end.end_of(unit, zone);
        start.value() <= other.value() && other.value() <= end.value()
    }

    /// `isDST()`: the offset is above that of January or June.
    pub(crate) fn is_summer_time(&self, zone: &Zone) -> bool {
        let offset_in = |month: f64| {
            let mut time = *self;
            time.set(Unit::Month, month, zone);
            time.utc_offset(zone)
        };
        let offset = self.utc_offset(zone);
        offset > offset_in(0.0) || offset > offset_in(5.0)
    }
}
