//! Deliveries on a worker, against an endpoint that says what it is told to say.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod careful;
mod endpoint;
mod waits;
mod watches;
