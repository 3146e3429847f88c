//! Finished attempts in a folder or a bucket.
//!
//! The coordinator keeps what runs in Redis. What has ended goes here: one object for each attempt, named by its id alone,
//! with everything that was known of it. An object is written once and never changed; writing it again changes nothing.
//!
//! ```text
//! attempts/00000000000000012/00000000000000012345.jsonl.gz
//!          the id without its last three digits, then the id
//! ```
//!
//! The names are in the order of the ids, and a folder holds a thousand at most. An object is text in gzip, so
//! `zcat ... | jq` reads it: a line about the object (its format version, what it is of, how many records follow), the
//! summary, and the records of the log, one on each line.
//!
//! Beside the attempts are *notes*, small objects under `journal/<folder>/<name>`: what the coordinator must know again when
//! Redis is gone. They are replaced and removed.
//!
//! For people there is the log of each attempt as text, where they look for it; no program reads it:
//!
//! ```text
//! logs/title_a/summary/2019-09-02/12345-1.log
//!      title   workflow session's date, attempt and its number in the session
//! ```
//!
//! An archive belongs to one pool. An object of another attempt is never overwritten ([`ArchiveError::Other`]).

mod archive;
mod attempt;
mod error;
mod format;
mod location;
mod logs;
mod notes;

pub use archive::Archive;
pub use attempt::ArchivedAttempt;
pub use error::{ArchiveError, Cause};
pub use logs::LogName;
pub use notes::Existing;
