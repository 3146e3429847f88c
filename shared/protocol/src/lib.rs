//! Task messages and reports between coordinator and workers. Pure.
//!
//! The coordinator renders everything before it sends: a worker needs no JavaScript, no Redis and no project files
//! (design D10). Both directions are JSON with a version, held to golden files in `tests/golden/`, so that a newer
//! coordinator and an older worker notice each other instead of guessing.

mod ids;
mod job_id;
mod message;
mod report;
mod table;
mod work;

pub use ids::{AttemptId, TaskId, TryNo};
pub use job_id::{JobIdentity, fingerprint};
pub use message::{DecodeError, TaskMessage, WatchMessage, WatchedJob, WorkerMessage};
pub use report::{JobStatistics, Outcome, Report, StoreParams, TaskError};
pub use table::{DatasetReference, TableError, TableReference};
pub use work::{CreateDisposition, JobReference, Priority, QueryJob, Work, WriteDisposition};

/// Version of the JSON in this crate. A reader refuses a newer one: it cannot know what it would leave out.
pub const PROTOCOL_VERSION: u16 = 1;
