//! Stateless: takes task messages, runs operators, reports.
//!
//! The life of a delivery, each step in its own function of `executor.rs`:
//!
//! ```text
//! decode ──► run the operator ──► report, confirmed ──► acknowledge
//!    │              │
//!    │              ├─ the job ended in time: succeeded or failed
//!    │              ├─ it runs on: submitted, and others watch it (design D4)
//!    │              └─ BigQuery gives no clear answer: unreachable, the same try comes again
//!    └─ not our protocol: dead letter
//! ```
//!
//! Watch and cancel messages go the same way: they name jobs, and a job that is over is reported for its try.
//!
//! A worker keeps nothing: killed at any point, its deliveries come again elsewhere and meet their own jobs by id.

mod cancel;
mod config;
mod executor;
mod operators;
mod presence;
mod told;
mod watch;
mod worker;
mod writers;

pub use config::WorkerConfig;
pub use worker::Worker;
