//! Attempt state: a trait, Redis, and an in-memory form.
//!
//! The coordinator writes down what it decided before it acts on it. This crate is the paper: one
//! append-only log per attempt, an outbox of messages committed together with the decisions, and a lease
//! with an epoch that says which coordinator may write. It knows nothing of what the records say.
//!
//! - **The epoch fences.** Every write names the writer's epoch; an attempt remembers the highest epoch that
//!   claimed it and refuses lower ones. The lease only saves two coordinators from doing the same work.
//! - **A commit is one step.** Records, outbox, summary and end of an attempt become visible together or
//!   not at all, and only on top of the log length the writer saw.
//! - **A repeat is recognised.** After a lost reply the same commit may be sent again; it changes nothing
//!   and succeeds.
//! - **What ends leaves.** The log of a finished attempt may be removed once somebody else has it, and later its
//!   summary. Ids, numbers and names stay: they must never come back.
//!
//! [`RedisStore`] keeps these promises on Redis 7 and Valkey 8, [`MemoryStore`] inside one process; `conformance`
//! (feature `conformance`) is the suite that both pass. Redis is an index that can be rebuilt, not the
//! truth: a machine that dies may lose its last second.

mod commit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod lease;
mod memory;
mod model;
mod redis;
mod store;

pub use commit::{Commit, OutboxEntry};
pub use error::{Cause, CommitError, StoreError};
pub use himekuri_protocol::AttemptId;
pub use himekuri_tls::{ClientCertificate, Tls, TlsError};
pub use lease::{Epoch, LeaseOutcome};
pub use memory::MemoryStore;
pub use model::{
    AttemptFilter, AttemptState, ClaimedAttempt, Creation, Kept, LostAttempt, NewAttempt,
    RecordKind, Snapshot,
};
pub use redis::{RedisConfig, RedisStore};
pub use store::Store;
