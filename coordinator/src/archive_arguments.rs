//! Settings of the archive on the command line.

use std::time::Duration;

use himekuri_coordinator::{Archive, ArchiveError, Retention};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Where finished attempts go, and when.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Archive of finished attempts")]
pub(crate) struct ArchiveArguments {
    /// Folder or bucket of this pool's finished attempts: `/var/lib/himekuri/archive`, `gs://bucket/prefix`; all coordinators
    /// of the pool must reach it [default: none, and attempts stay in Redis].
    #[arg(long, env = "HIMEKURI_ARCHIVE", value_name = "FOLDER|gs://BUCKET/PREFIX")]
    archive: Option<String>,
    /// Seconds after its end that an attempt goes to the archive, and its log leaves Redis.
    #[arg(
        long,
        env = "HIMEKURI_ARCHIVE_AFTER",
        value_name = "SECONDS",
        default_value_t = Retention::default().log.as_secs()
    )]
    archive_after: u64,
    /// Days after its end that an archived attempt leaves the list of attempts; it is still found by its number.
    #[arg(
        long,
        env = "HIMEKURI_KEEP_SUMMARIES",
        value_name = "DAYS",
        default_value_t = Retention::default().summary.as_secs() / DAY
    )]
    keep_summaries: u64,
}

impl ArchiveArguments {
    pub(crate) fn archive(&self) -> Result<Option<Archive>, ArchiveError> {
        self.archive.as_deref().map(Archive::open).transpose()
    }

    pub(crate) const fn retention(&self) -> Retention {
        Retention {
            log: Duration::from_secs(self.archive_after),
            summary: Duration::from_secs(self.keep_summaries.saturating_mul(DAY)),
        }
    }
}
