//! How full windows are, and what is in the way of whom: for people who look at the pool.

use std::collections::BTreeMap;

use super::{Class, Dispatcher, Obstacle};

/// Tasks that are out and places, of the fullest window of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The pool's.
    pub pool: (usize, usize),
    /// Of one title.
    pub title: (usize, usize),
    /// Of one GCP project and location.
    pub region: (usize, usize),
    /// Of one table.
    pub table: (usize, usize),
}

impl Dispatcher {
    /// How full the fullest windows are.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let regions =
            self.regions.live().map(|(region, live)| (live, self.limits.region_window(region)));
        let tables = self.tables.live().map(|(_, live)| (live, self.limits.table));
        Usage {
            pool: (self.live.len(), self.limits.window),
            title: fullest(self.titles.live()),
            region: fullest(regions),
            table: fullest(tables),
        }
    }

    /// Ready tasks that were looked at and have something in their way, by title.
    #[must_use]
    pub fn held(&self) -> BTreeMap<(&str, Class, Obstacle), usize> {
        let names = self.titles.names();
        let mut held = BTreeMap::new();
        for candidates in self.attempts.values() {
            let Some(title) = names.get(&candidates.group.title) else { continue };
            for obstacle in candidates.obstacles() {
                *held.entry((*title, candidates.group.class, obstacle)).or_default() += 1;
            }
        }
        held
    }

    /// Titles that somebody keeps from sending anything out.
    pub fn paused(&self) -> impl Iterator<Item = &str> {
        self.titles.paused()
    }
}

/// The one with the largest share.
fn fullest(windows: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    // Compared as fractions: live / places > other live / other places.
    let fuller = |one: (usize, usize), other: (usize, usize)| {
        if one.0.saturating_mul(other.1.max(1)) > other.0.saturating_mul(one.1.max(1)) {
            one
        } else {
            other
        }
    };
    windows.fold((0, 1), |fullest, window| fuller(window, fullest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_with_the_largest_share_is_the_fullest() {
        assert_eq!(fullest([(5, 100), (3, 4), (10, 20)].into_iter()), (3, 4));
        assert_eq!(fullest(std::iter::empty()), (0, 1));
        assert_eq!(fullest([(0, 10)].into_iter()), (0, 1));
    }
}
