//! A set of places among siblings, held as ranges: of 1,000,000 children that began roughly in order, a few numbers.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Places, each range by its start with its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Places {
    ranges: BTreeMap<usize, usize>,
}

impl Places {
    pub(crate) fn insert(&mut self, place: usize) {
        let (mut start, mut end) = (place, place + 1);
        if let Some((from, to)) = self.ranges.range(..=place).next_back() {
            if place < *to {
                return;
            }
            if *to == place {
                start = *from;
            }
        }
        if let Some(behind) = self.ranges.remove(&end) {
            end = behind;
        }
        self.ranges.insert(start, end);
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        self.ranges.range(..=place).next_back().is_some_and(|(_, end)| place < *end)
    }

    pub(crate) fn first(&self) -> Option<usize> {
        self.ranges.first_key_value().map(|(first, _)| *first)
    }

    /// Places before `end` that are not in it.
    pub(crate) fn gaps(&self, end: usize) -> impl Iterator<Item = usize> + '_ {
        self.gap_ranges(end).flatten()
    }

    /// How many places before `end` are not in it.
    pub(crate) fn missing(&self, end: usize) -> usize {
        self.gap_ranges(end).map(|gap| gap.len()).sum()
    }

    fn gap_ranges(&self, end: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let ranges = self.ranges.iter().map(|(from, to)| (*from, *to));
        ranges.chain([(end, end)]).scan(0, move |next, (from, to)| {
            let gap = *next..from.min(end);
            *next = to;
            Some(gap)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_any_order_are_held_once_and_the_others_are_gaps() {
        let mut places = Places::default();

        for place in [5, 1, 2, 7, 6, 2, 0] {
            places.insert(place);
        }

        assert_eq!(places.gaps(10).collect::<Vec<_>>(), [3, 4, 8, 9]);
        assert_eq!(places.gaps(4).collect::<Vec<_>>(), [3]);
        assert_eq!(places.gaps(2).next(), None);
        assert_eq!((places.missing(10), places.missing(4), places.missing(2)), (4, 1, 0));
        assert!((0..10).all(|place| places.contains(place) != [3, 4, 8, 9].contains(&place)));
        assert_eq!(places.ranges.len(), 2);
    }
}
