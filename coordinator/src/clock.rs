//! The time of day, as the coordinator sees it.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Where the coordinator takes the time from.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Machine,
    /// A beginning, and tokio's time since. With a paused runtime, nothing passes but what is waited for: for
    /// simulations.
    Virtual {
        /// The time of day at `since`.
        begin: Timestamp,
        /// When it began.
        since: Instant,
    },
}

impl Clock {
    /// A virtual clock that shows `begin` now.
    #[must_use]
    pub fn virtual_from(begin: Timestamp) -> Self {
        Self::Virtual { begin, since: Instant::now() }
    }

    /// The time.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Machine => Timestamp::now(),
            Self::Virtual { begin, since } => {
                let passed = SignedDuration::try_from(since.elapsed());
                passed.ok().and_then(|passed| begin.checked_add(passed).ok()).unwrap_or(begin)
            }
        }
    }
}
