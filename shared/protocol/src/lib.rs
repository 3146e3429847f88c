//! Task messages and reports between coordinator and workers. Pure.
//!
//! The coordinator renders everything before it sends: a worker needs no JavaScript, no Redis and no project files
//! (design D10). Both directions are JSON with a version, held to golden files in `tests/golden/`, so that a newer
//! coordinator and an older worker notice each other instead of guessing.

mod ddl;
mod http;
mod ids;
mod job;
mod job_id;
mod message;
mod presence;
pub mod reason;
mod report;
mod table;
mod work;

pub use ddl::{DdlOperation, DdlWork};
pub use http::{DOCUMENT_BYTES_MAX, Document, HttpBody, HttpRequest};
pub use ids::{AttemptId, TaskId, TryNo};
pub use job::{
    CreateDisposition, ExtractJob, JobLimits, JobReference, JobSpec, LoadJob, Priority, QueryJob,
    WriteDisposition,
};
pub use job_id::{JobIdentity, fingerprint};
pub use message::{
    CancelMessage, CanceledJob, DecodeError, MESSAGE_BYTES_MAX, TaskMessage, WatchMessage,
    WatchedJob, WorkerMessage,
};
pub use presence::{FromWorker, Presence, PresenceKind};
pub use report::{JobStatistics, Outcome, Report, StoreParams, TaskError};
pub use table::{DatasetReference, TableError, TableReference};
pub use work::{ObjectWait, TableWait, Work};

/// Newest version of the JSON in this crate. A reader refuses a newer one: it cannot know what it would leave out.
///
/// - 5: what workers say of themselves.
/// - 4: load and extract jobs, changes of datasets and tables, waiting for tables and objects, further settings of queries.
/// - 3: requests over HTTP and the documents that they bring.
/// - 2: cancel messages.
pub const PROTOCOL_VERSION: u16 = 5;

/// What a task message, a watch message and a report need of their reader. A message names the lowest version that
/// understands it, so that a new coordinator and old workers go on with what both know while a pool is upgraded.
pub const FIRST_VERSION: u16 = 1;

/// What a cancel message needs of its reader.
pub const CANCEL_VERSION: u16 = 2;

/// What a task message with an HTTP request, and a report with its document, need of their reader.
pub const HTTP_VERSION: u16 = 3;

/// What a task message with a load or extract job, a wait, or a query with further settings, and a report that something
/// is not there yet, need of their reader.
pub const JOBS_VERSION: u16 = 4;

/// What a [`Presence`] needs of its reader.
pub const PRESENCE_VERSION: u16 = 5;
