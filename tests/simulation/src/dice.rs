//! The only source of chance: one generator, one seed.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Draws in the order of the calls, which one thread makes.
#[derive(Debug)]
pub(crate) struct Dice {
    rng: Mutex<StdRng>,
}

impl Dice {
    /// The dice of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// True with this probability.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.draw(|rng| rng.random_bool(probability.min(1.0)))
    }

    /// A whole number of the range.
    pub(crate) fn number(&self, range: Range<u64>) -> u64 {
        self.draw(|rng| rng.random_range(range))
    }

    /// A duration of so many milliseconds.
    pub(crate) fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// One of the choices; the first of none there are.
    pub(crate) fn pick<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(choices.len()).ok()?;
        choices.get(usize::try_from(self.number(0..last.max(1))).ok()?)
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
