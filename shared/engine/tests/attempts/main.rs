//! The engine from outside: a workflow, what the workers answer, and what becomes of the tree.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a helper of a test fails the test"
)]

mod billing;
mod calls;
mod checks;
mod control;
mod dispatching;
mod error_tasks;
mod evaluator;
mod golden;
mod group_retries;
mod http_calls;
mod kills;
mod loops;
mod order;
mod order_model;
mod parallel;
mod parameters;
mod remedies;
mod replay;
mod reports;
mod requires;
mod resume;
mod resume_from;
mod retries;
mod sequences;
mod size;
mod sla;
mod stores;
mod time_limits;
mod timeouts;
mod world;
