//! The whole pool on virtual time, from one seed.
//!
//! The coordinators, their drivers, the scheduler, the engine, the workers and the BigQuery client are the real ones. In
//! place of RabbitMQ and Redis stand the in-memory forms, which pass the same conformance suites, and in place of
//! BigQuery's API a model ([`bigquery`]). Between a program and the world stands a thin layer ([`pool`]) in which
//! everything goes wrong that can go wrong on the way: calls fail before and behind their effect, messages come twice,
//! late and in another order, programs die between any two steps and are started again.
//!
//! One thread, tokio's paused clock and one generator of chance: the same seed gives the same run.

mod bigquery;
mod dice;
mod evaluator;
pub mod faults;
pub mod large;
pub mod ledger;
mod life;
mod pool;
mod programs;
pub mod seed;
pub mod summary;
mod verdict;
mod workload;
mod world;
