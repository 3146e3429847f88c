//! Workflows with the order of tasks, the states and the parameters that digdag's rules give them.
//!
//! A case is a file `workflows/NAME.case`: the rule that it shows and its source, the files of a small project, what the
//! world answers, and the run that must come of it. The engine runs with the real JavaScript, in virtual time. No digdag
//! was run for these: each run is derived from the rules, and read before it is kept.
//!
//! - [`Case`] reads a file.
//! - [`World`] plays workers, BigQuery, other sessions and the clock, by the state of the attempt alone: what it does
//!   next is the same before and after a crash.
//! - [`transcript`] writes down what happened.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "these are parts of tests: a test ends where something fails"
)]

mod answer;
mod case;
mod transcript;
mod world;

pub use answer::{Answer, End, SessionAnswer};
pub use case::{Case, cases};
pub use transcript::transcript;
pub use world::World;
