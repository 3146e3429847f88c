//! Who leads, and the number that proves it.

use std::{fmt, time::Duration};

/// A leader's number: higher than that of every leader before it, also after Redis lost its last second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of asking for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The asker leads, and writes with this epoch.
    Acquired(Epoch),
    /// Somebody else leads.
    HeldBy {
        /// The holder's name.
        holder: String,
        /// How long the lease still lasts unless it is renewed.
        remaining: Duration,
    },
}
