//! How long to wait before connecting again.

use std::time::Duration;

/// First wait: a restarted connection is usually back at once.
const FIRST: Duration = Duration::from_millis(100);
/// Longest wait: a broker that came back should not stand idle longer.
const LONGEST: Duration = Duration::from_secs(5);
const _: () = assert!(FIRST.as_millis() < LONGEST.as_millis());

/// Doubling waits, each shortened at random so that a pool does not come back in step.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The wait before the next try: between half and all of the current step.
    pub(super) fn next(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(LONGEST);
        step.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_vary_by_half() {
        let mut backoff = Backoff::new();

        let waits: Vec<Duration> = (0..10).map(|_| backoff.next()).collect();

        assert!((FIRST / 2..=FIRST).contains(&waits[0]));
        assert!((LONGEST / 2..=LONGEST).contains(&waits[9]));
    }
}
