//! What can go wrong between the coordinator and its state.

use std::error::Error;

use himekuri_tls::TlsError;

use crate::{AttemptId, Epoch};

/// An underlying error, kept as the cause without naming the client library.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is not one of Redis's form.
    #[error("the Redis address is not valid; write it as `redis://user:password@host:6379/0`")]
    Address {
        /// What the parser said; it never repeats the address, which may hold a password.
        #[source]
        source: Cause,
    },
    /// No connection.
    #[error("could not connect to Redis at `{address}`; {cure}")]
    Connect {
        /// Host, port and database, without user and password.
        address: String,
        /// What the admin can do about it.
        cure: &'static str,
        /// What the connection attempt said.
        #[source]
        source: Cause,
    },
    /// The server cannot hold state: too old, a replica, or one part of a cluster.
    #[error("the server at `{address}` cannot be used: {why}; {cure}")]
    Unfit {
        /// Host, port and database, without user and password.
        address: String,
        /// What is wrong with it.
        why: String,
        /// What the admin can do about it.
        cure: &'static str,
    },
    /// A certificate or key for TLS cannot be used.
    #[error(transparent)]
    Certificates(#[from] TlsError),
    /// Redis may throw state away when its memory is full.
    #[error(
        "Redis at `{address}` has `maxmemory-policy {policy}` and may drop state without an error; \
         set `maxmemory-policy noeviction`"
    )]
    Evicts {
        /// Host, port and database, without user and password.
        address: String,
        /// The policy found.
        policy: String,
    },
    /// A command failed, and repeating it within the retry time did not help.
    #[error("could not {operation}")]
    Command {
        /// What was to be done, and to what.
        operation: String,
        /// What Redis or the connection said.
        #[source]
        source: Cause,
    },
    /// What is stored cannot be read.
    #[error("could not {operation}: the stored value has an unknown form ({detail})")]
    Corrupt {
        /// What was to be done, and to what.
        operation: String,
        /// What is wrong with the value.
        detail: String,
    },
    /// The attempt does not exist: it was never created in full, or Redis lost it.
    #[error("attempt {attempt} does not exist")]
    UnknownAttempt {
        /// The attempt asked for.
        attempt: AttemptId,
    },
    /// The log of the attempt was removed, because an archive has it.
    #[error("attempt {attempt} is in the archive `{location}`")]
    Archived {
        /// The attempt asked for.
        attempt: AttemptId,
        /// Where it is, in the words of who archived it.
        location: String,
    },
    /// Something would be removed that is still needed.
    #[error("nothing of attempt {attempt} may be removed: {why}")]
    Needed {
        /// The attempt.
        attempt: AttemptId,
        /// Why it is needed.
        why: &'static str,
    },
    /// A newer leader owns the object, or the store has forgotten who leads: the asker is deposed and must stop.
    #[error(
        "epoch {epoch} is fenced off by epoch {by}: another coordinator leads, or the store has lost its memory"
    )]
    Fenced {
        /// The asker's epoch.
        epoch: Epoch,
        /// The newer leader's epoch; 0 for none.
        by: Epoch,
    },
}

impl StoreError {
    /// A log that is asked to go before its time.
    pub(crate) const fn active(attempt: AttemptId) -> Self {
        Self::Needed { attempt, why: "it is not over" }
    }

    /// A summary that is asked to go before its log.
    pub(crate) const fn not_archived(attempt: AttemptId) -> Self {
        Self::Needed { attempt, why: "it is in no archive yet" }
    }
}

/// A commit was not applied.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A newer leader claimed the attempt: the writer is deposed and must stop.
    #[error("epoch {epoch} may not write attempt {attempt}: it is claimed by epoch {by}")]
    Fenced {
        /// The attempt.
        attempt: AttemptId,
        /// The writer's epoch.
        epoch: Epoch,
        /// The newer leader's epoch.
        by: Epoch,
    },
    /// The log is not the one the decisions were made on: claim the attempt again.
    #[error("the log of attempt {attempt} has {found} records, not {expected}")]
    Conflict {
        /// The attempt.
        attempt: AttemptId,
        /// The length the writer saw.
        expected: u64,
        /// The length found.
        found: u64,
    },
    /// The store failed; whether the commit was applied is unknown. The identical commit may be repeated.
    #[error("could not commit to attempt {attempt}")]
    Store {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        #[source]
        source: StoreError,
    },
}
