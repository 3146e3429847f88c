//! How large a project may be: it is held in memory, and sent over the network with each push.

/// Bounds of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, bytes. digdag's bound is 2 MiB as well (`api.max_archive_total_size_limit`).
    pub file_bytes: u64,
    /// Sum of all files, bytes. digdag allows 2 MiB in all; a repository with a common one inside
    /// may hold more.
    pub total_bytes: u64,
    /// Number of files, and of entries in an archive.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 2 << 20, total_bytes: 64 << 20, files: 20_000 }
    }
}

/// A project that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsExceeded {
    /// One file is too large.
    #[error(
        "file `{path}` is larger than {limit} bytes; exclude it with a line in `.digdagignore`"
    )]
    File {
        /// Path from the project's folder.
        path: String,
        /// The bound, bytes.
        limit: u64,
    },
    /// All files together are too large.
    #[error("the project is larger than {limit} bytes; exclude files in `.digdagignore`")]
    Total {
        /// The bound, bytes.
        limit: u64,
    },
    /// There are too many files.
    #[error("the project has more than {limit} files; exclude some in `.digdagignore`")]
    Count {
        /// The bound.
        limit: usize,
    },
}

/// What was taken in so far.
pub(crate) struct Meter {
    limits: Limits,
    total_bytes: u64,
    files: usize,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, total_bytes: 0, files: 0 }
    }

    /// Bytes to read of a file at most: one more than allowed tells a file that is too large.
    pub(crate) fn read_at_most(&self) -> u64 {
        self.limits.file_bytes.saturating_add(1)
    }

    /// Counts an entry, before its content is read.
    pub(crate) fn add_entry(&mut self) -> Result<(), LimitsExceeded> {
        self.files += 1;
        if self.files > self.limits.files {
            return Err(LimitsExceeded::Count { limit: self.limits.files });
        }
        Ok(())
    }

    /// Refuses a file by its size, before it is read.
    pub(crate) fn refuse_larger(&self, path: &str, bytes: u64) -> Result<(), LimitsExceeded> {
        let limit = self.limits.file_bytes;
        if bytes > limit {
            return Err(LimitsExceeded::File { path: path.to_owned(), limit });
        }
        Ok(())
    }

    /// Counts the content of the file `path`.
    pub(crate) fn add_bytes(&mut self, path: &str, bytes: usize) -> Result<(), LimitsExceeded> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.refuse_larger(path, bytes)?;
        self.total_bytes = self.total_bytes.saturating_add(bytes);
        if self.total_bytes > self.limits.total_bytes {
            return Err(LimitsExceeded::Total { limit: self.limits.total_bytes });
        }
        Ok(())
    }
}
