//! BigQuery jobs by fixed id: submit, adopt, wait, cancel.
//!
//! Everything goes through `gcp-bigquery-client` over HTTP, to Google or to the local warehouse. The rules of this
//! crate (design D5, BigQuery's error-messages page):
//!
//! - a job's id is fixed before it is sent, so sending twice is safe: 409 means that an earlier delivery sent it, and
//!   the job is adopted after its fingerprint label was compared;
//! - an answer that leaves open whether the job was accepted (5xx, a broken connection, a time-out) is asked again
//!   with the same id, within the caller's patience, and then reported as *unreachable*, never as *failed*;
//! - DONE is not success: only `errorResult` decides;
//! - a job that is not wanted any more is ended for good: its id is taken by a tombstone if it has not begun, so that
//!   nobody can send it later, and else it is cancelled and waited for.

mod accounts;
mod answer;
mod call;
mod classify;
mod client;
mod connect;
mod convert;
mod credentials;
mod dry_run;
mod error;
mod explain;
mod impersonate;
mod jobs;
mod listing;
mod metrics;
mod pace;
mod preflight;
mod resources;
mod state;
mod stop;
mod tables;
mod tombstone;

pub use answer::{Answer, Why};
pub use call::{Call, Service};
pub use client::BigQuery;
pub use connect::{BigQueryConfig, Endpoint};
pub use dry_run::{DryRun, Estimator, position_in};
pub use error::{ConnectError, JobError};
pub use jobs::Jobs;
pub use listing::{Created, Writer};
pub use preflight::{Destination, Partitions};
pub use state::JobState;
