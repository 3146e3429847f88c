//! The time of day, as the coordinator sees it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// How long the machine's clock must be off before a step of it is believed. Whatever steps it for less, such as a virtual
/// machine that wakes up before its time is synchronised, is not noticed.
const BELIEVED_AFTER: Duration = Duration::from_secs(600);

/// What a clock may be corrected by at once.
const SMALL: SignedDuration = SignedDuration::from_millis(500);

/// Where the coordinator takes the time from.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's clock, without its steps. Deadlines are written as times of day: after a step back by an hour all of them
    /// would be an hour away.
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

/// The steady clock of this process.
static STEADY: Mutex<Option<Steady>> = Mutex::new(None);

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
            Self::Machine => {
                let (machine, at) = (Timestamp::now(), std::time::Instant::now());
                let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
                steady.get_or_insert_with(|| Steady::new(machine, at)).read(machine, at)
            }
            Self::Virtual { begin, since } => after(begin, since.elapsed()),
        }
    }
}

/// A time of day that goes on with the time since the machine was started, which has no steps.
#[derive(Clone, Copy, Debug)]
struct Steady {
    begin: Timestamp,
    since: std::time::Instant,
    /// Since when the machine's clock shows something else.
    off_since: Option<std::time::Instant>,
}

impl Steady {
    const fn new(begin: Timestamp, since: std::time::Instant) -> Self {
        Self { begin, since, off_since: None }
    }

    /// The time at `at`, when the machine's clock shows `machine`.
    fn read(&mut self, machine: Timestamp, at: std::time::Instant) -> Timestamp {
        let steady = after(self.begin, at.duration_since(self.since));
        let off = machine.duration_since(steady);
        if off.abs() <= SMALL {
            *self = Self::new(machine, at);
            return machine;
        }
        let since = *self.off_since.get_or_insert(at);
        if at.duration_since(since) < BELIEVED_AFTER {
            return steady;
        }
        tracing::warn!(
            "the machine's clock was stepped by {off:#}, and the coordinator follows it now"
        );
        *self = Self::new(machine, at);
        machine
    }
}

fn after(begin: Timestamp, passed: Duration) -> Timestamp {
    let passed = SignedDuration::try_from(passed);
    passed.ok().and_then(|passed| begin.checked_add(passed).ok()).unwrap_or(begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn begin() -> (Timestamp, std::time::Instant, Steady) {
        let (day, at) = ("2025-12-01T00:00:00Z".parse().unwrap(), std::time::Instant::now());
        (day, at, Steady::new(day, at))
    }

    #[test]
    fn small_corrections_are_followed() {
        let (day, at, mut clock) = begin();
        let second = Duration::from_secs(1);
        let mut machine = day;
        for tick in 1..=100 {
            machine += SignedDuration::from_millis(1_010);
            assert_eq!(clock.read(machine, at + second * tick), machine);
        }
    }

    #[test]
    fn a_step_that_is_taken_back_is_never_seen() {
        for step in [HOUR, -HOUR] {
            let (day, at, mut clock) = begin();
            let passed = Duration::from_secs(60);
            let machine = after(day, passed);

            assert_eq!(clock.read(machine + step, at + passed), machine);
            assert_eq!(clock.read(machine, at + passed), machine);
            let later = Duration::from_secs(6_000);
            assert_eq!(clock.read(after(day, later), at + later), after(day, later));
        }
    }

    #[test]
    fn a_step_that_stays_is_followed_after_ten_minutes() {
        let (day, at, mut clock) = begin();
        let stepped = |seconds| after(day, Duration::from_secs(seconds)) - HOUR;
        let read = |clock: &mut Steady, seconds| {
            clock.read(stepped(seconds), at + Duration::from_secs(seconds))
        };

        assert_eq!(read(&mut clock, 10), stepped(10) + HOUR);
        assert_eq!(read(&mut clock, 609), stepped(609) + HOUR);
        assert_eq!(read(&mut clock, 610), stepped(610));
        assert_eq!(read(&mut clock, 611), stepped(611));
    }
}
