//! What can go wrong with an archive.

use std::error::Error;

use himekuri_protocol::AttemptId;

/// An underlying error, kept as the cause without naming the client library.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// The archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The location is no folder and no bucket.
    #[error(
        "the archive `{location}` is neither a folder nor a bucket; write it as `/folder` or `gs://bucket/prefix`"
    )]
    Location {
        /// As given.
        location: String,
    },
    /// The archive cannot be used.
    #[error(
        "could not open the archive `{location}`; check that it exists, and the rights of this program's user"
    )]
    Open {
        /// As given.
        location: String,
        /// What the system or the credentials said.
        #[source]
        source: Cause,
    },
    /// An object could not be written. Whether it is there now is unknown; it may be written again.
    #[error("could not write `{object}` to the archive `{location}`")]
    Write {
        /// The object.
        object: String,
        /// The archive.
        location: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// An object could not be read.
    #[error("could not read `{object}` from the archive `{location}`")]
    Read {
        /// The object.
        object: String,
        /// The archive.
        location: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The attempt cannot be written in this format.
    #[error("attempt {attempt} cannot be archived: {detail}")]
    Unwritable {
        /// The attempt.
        attempt: AttemptId,
        /// What is in the way.
        detail: String,
    },
    /// An object was written and is not there.
    #[error(
        "`{object}` is not in the archive `{location}`, though it was written; check whether somebody deletes objects there"
    )]
    Lost {
        /// The object.
        object: String,
        /// The archive.
        location: String,
    },
    /// An object is damaged.
    #[error(
        "`{object}` in the archive `{location}` is damaged: {detail}; move it away, and it is written again as long as the \
         log is in the store, or put an undamaged copy in its place"
    )]
    Damaged {
        /// The object.
        object: String,
        /// The archive.
        location: String,
        /// What is wrong with it.
        detail: String,
    },
    /// An object was written by a newer program.
    #[error(
        "`{object}` in the archive `{location}` has format version {found}, and this program reads versions up to {known}; \
         use a newer one"
    )]
    Version {
        /// The object.
        object: String,
        /// The archive.
        location: String,
        /// Its version.
        found: u64,
        /// The highest that can be read.
        known: u64,
    },
    /// The id's object is of something else.
    #[error(
        "`{object}` in the archive `{location}` is of another attempt: {detail}; an archive belongs to one pool and to one life \
         of its Redis, so give this pool another folder or prefix with `--archive`"
    )]
    Other {
        /// The object.
        object: String,
        /// The archive.
        location: String,
        /// How the two differ.
        detail: String,
    },
}

impl ArchiveError {
    /// Whether the same may succeed a little later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Write { .. } | Self::Read { .. } => true,
            Self::Location { .. }
            | Self::Unwritable { .. }
            | Self::Lost { .. }
            | Self::Damaged { .. }
            | Self::Version { .. }
            | Self::Other { .. } => false,
        }
    }
}
