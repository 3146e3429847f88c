//! Which ready task goes out next: windows, turns, partitions, waiting; and all of it against a naive model.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod intervals;
mod partitions;
mod pool;
mod properties;
mod shares;
mod turns;
mod waiting;
mod windows;
