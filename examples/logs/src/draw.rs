//! Random choices that can be made again.
//!
//! Every decision of the generator has a numbered stream of its own: the player, the age of the
//! player in days, and what is decided. So a day can be made without making those before it, and
//! a new kind of log changes no older one. Only integers are used: floating point functions such
//! as `powf` differ between machines.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// One million: probabilities are given in parts of it.
pub(crate) const MILLION: u32 = 1_000_000;

/// What a stream decides. The numbers are part of the generated data: never reuse one.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Launches = 1,
    Traits = 2,
    Activity = 3,
    Sessions = 4,
    Access = 5,
    Install = 6,
    Consume = 7,
    Battle = 8,
    Guild = 9,
}

/// Names a stream within a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The Japanese date of a player's install, in days since 1970 (20 bits).
    pub(crate) install_day: u32,
    /// Which of that date's players (30 bits).
    pub(crate) index: u32,
}

/// Bits of a stream's number, from the lowest: index, install day, age, purpose.
const INDEX_BITS: u32 = 30;
const DAY_BITS: u32 = 20;
const AGE_BITS: u32 = 10;
const _: () = assert!(INDEX_BITS + DAY_BITS + AGE_BITS + 4 == 64, "four bits hold the purpose");

/// All streams of one seed and title.
pub(crate) struct Streams {
    origin: ChaCha8Rng,
}

impl Streams {
    pub(crate) fn new(seed: u64, title: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(b"himekuri example logs 1")
            .chain_update(seed.to_le_bytes())
            .chain_update(title)
            .finalize();
        Self { origin: ChaCha8Rng::from_seed(digest.into()) }
    }

    /// The stream of a player's `age`-th day (0 is the day of the install).
    pub(crate) fn open(&self, purpose: Purpose, key: Key, age: u32) -> Draw {
        debug_assert!(key.index >> INDEX_BITS == 0 && key.install_day >> DAY_BITS == 0);
        debug_assert!(age >> AGE_BITS == 0);
        let number = (purpose as u64) << (INDEX_BITS + DAY_BITS + AGE_BITS)
            | u64::from(age) << (INDEX_BITS + DAY_BITS)
            | u64::from(key.install_day) << INDEX_BITS
            | u64::from(key.index);
        let mut rng = self.origin.clone();
        rng.set_stream(number);
        Draw { rng }
    }
}

/// A stream of choices.
pub(crate) struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    /// A number from 0 to `bound` - 1; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let scaled = u64::from(self.rng.next_u32()) * u64::from(bound);
        (scaled >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True with a probability of `parts` per million.
    pub(crate) fn chance(&mut self, parts: u32) -> bool {
        self.below(MILLION) < parts
    }

    /// Chooses by weight. The first entry is the answer to weights that are all 0.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let mut left = self.below(choices.iter().map(|(_, weight)| weight).sum());
        for (choice, weight) in choices {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        choices[0].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { install_day: 18_140, index: 7 };

    fn first(seed: u64, title: &str, purpose: Purpose, key: Key, age: u32) -> u32 {
        Streams::new(seed, title).open(purpose, key, age).below(u32::MAX)
    }

    #[test]
    fn streams_differ_in_every_part_of_their_name() {
        let origin = first(1, "title_a", Purpose::Access, KEY, 0);

        assert_eq!(origin, first(1, "title_a", Purpose::Access, KEY, 0));
        assert_ne!(origin, first(2, "title_a", Purpose::Access, KEY, 0));
        assert_ne!(origin, first(1, "title_b", Purpose::Access, KEY, 0));
        assert_ne!(origin, first(1, "title_a", Purpose::Battle, KEY, 0));
        assert_ne!(origin, first(1, "title_a", Purpose::Access, KEY, 1));
        assert_ne!(origin, first(1, "title_a", Purpose::Access, Key { index: 8, ..KEY }, 0));
        assert_ne!(origin, first(1, "title_a", Purpose::Access, Key { install_day: 1, ..KEY }, 0));
    }

    #[test]
    fn choices_follow_their_weights() {
        let mut draw = Streams::new(1, "t").open(Purpose::Access, KEY, 0);

        let rare = (0..10_000).filter(|_| draw.weighted(&[(1, 9), (2, 1), (3, 0)]) == 2).count();

        assert!((800..1_200).contains(&rare), "{rare}");
    }
}
