//! Why a coordinator did not start, or did not do what it was asked.

use himekuri_broker::BrokerError;
use himekuri_engine::{ReplayError, ResumeError};
use himekuri_project::ArchiveError;
use himekuri_protocol::AttemptId;
use himekuri_store::StoreError;
use himekuri_workflow::{Diagnostic, Diagnostics};

use crate::journal::JournalError;
use crate::session::SessionError;

/// Why a push was refused.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The name cannot be a project's.
    #[error(
        "`{name}` is not a project name: letters, digits, `_`, `-` and `.`, not beginning with a digit or `.`"
    )]
    Name {
        /// As given.
        name: String,
    },
    /// Nobody ever said where its jobs run.
    #[error("where do the jobs of `{name}` run? push it once with `--gcp-project ID`")]
    NoGcpProject {
        /// The project.
        name: String,
    },
    /// The check was broken off.
    #[error("the check of the project ended abnormally")]
    Check(#[source] tokio::task::JoinError),
    /// Not an archive of a project.
    #[error("could not read the archive")]
    Archive(#[source] ArchiveError),
    /// The project has errors.
    #[error("the project has {} errors", .0.len())]
    Invalid(Vec<Diagnostic>),
    /// The JavaScript engine, which reads the expressions, does not start.
    #[error("could not check the project")]
    Script(#[source] himekuri_template::StartError),
    /// The store failed.
    #[error("could not store the revision")]
    Store(#[source] StoreError),
    /// A defect.
    #[error("could not write the project record")]
    Json(#[source] serde_json::Error),
}

/// Why nothing was started, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody pushed it.
    #[error("there is no project `{0}`; push it with `himekuri push FOLDER`")]
    UnknownProject(String),
    /// The project has no such file.
    #[error("project `{project}` has no workflow `{workflow}`; it has: {known}")]
    UnknownWorkflow {
        /// Project.
        project: String,
        /// As asked.
        workflow: String,
        /// What there is.
        known: String,
    },
    /// The workflow does not compile.
    #[error(transparent)]
    Compile(#[from] Diagnostics),
    /// No session on these dates.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The attempt cannot be run again like this.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// No such revision was pushed.
    #[error("there is no revision `{0}`")]
    UnknownRevision(String),
    /// Other files were pushed since the caller looked.
    #[error(
        "project `{project}` is at revision {pushed} now, and not at {expected} any more: somebody pushed it meanwhile; ask again"
    )]
    OtherRevision {
        /// Project.
        project: String,
        /// What is pushed.
        pushed: String,
        /// What the caller looked at.
        expected: String,
    },
    /// The leader would plan for so long that it could lose its lease.
    #[error("{days} days are more than the {most} of one request; ask for them in parts")]
    TooManyDays {
        /// As asked.
        days: i64,
        /// The bound.
        most: i64,
    },
    /// No such schedule.
    #[error("there is no schedule `{0}`; `himekuri schedules` lists them")]
    UnknownSchedule(String),
    /// No such backfill.
    #[error("there is no backfill {0}; `himekuri backfills` lists them")]
    UnknownBackfill(u64),
    /// A backfill of the workflow has this name.
    #[error(
        "backfill {id} of the workflow is called `{name}` already; choose another name, or leave it out"
    )]
    BackfillExists {
        /// As asked.
        name: String,
        /// The other one.
        id: u64,
    },
    /// It has ended, or was given up.
    #[error("backfill {0} is over; begin another with `himekuri backfill`")]
    BackfillOver(u64),
    /// A session has an attempt of the backfill's name.
    #[error(
        "session {session} has an attempt called `{name}` already ({attempt}); choose another name, or leave it out"
    )]
    NameTaken {
        /// As asked.
        name: String,
        /// The session, in the workflow's zone.
        session: String,
        /// Its attempt.
        attempt: AttemptId,
    },
    /// What is stored of an attempt contradicts itself.
    #[error("the log of the attempt cannot be replayed")]
    Replay(#[from] ReplayError),
    /// The store failed.
    #[error("could not read or write the store")]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error("the stored state cannot be read")]
    Json(#[from] serde_json::Error),
    /// The stored revision cannot be read.
    #[error("the stored revision cannot be read")]
    Archive(#[from] ArchiveError),
    /// The log of the attempt is broken, or of a newer version.
    #[error(
        "this coordinator cannot read the log of attempt {0}, and leaves it alone; its own log lines say why"
    )]
    Unreadable(AttemptId),
    /// The archive of finished attempts failed.
    #[error("could not read or write the archive of finished attempts")]
    History(#[from] himekuri_archive::ArchiveError),
    /// An archived attempt is not where this coordinator looks.
    #[error(
        "attempt {attempt} was archived in `{location}`, and is not in the archive of this coordinator; start it with \
         `--archive {location}`, or move the objects"
    )]
    NotInArchive {
        /// The attempt.
        attempt: AttemptId,
        /// Where it was archived.
        location: String,
    },
    /// The coordinator is stopping.
    #[error("the coordinator is stopping; ask again")]
    Stopping,
}

impl StartError {
    /// Whether the same may succeed a little later: nothing is wrong with what was asked.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => match error {
                StoreError::Address { .. }
                | StoreError::Connect { .. }
                | StoreError::Evicts { .. }
                | StoreError::Command { .. }
                | StoreError::Fenced { .. } => true,
                StoreError::Unfit { .. }
                | StoreError::Certificates { .. }
                | StoreError::Corrupt { .. }
                | StoreError::UnknownAttempt { .. }
                | StoreError::Archived { .. }
                | StoreError::Needed { .. } => false,
            },
            Self::History(error) => error.is_retryable(),
            Self::Stopping => true,
            Self::UnknownProject(_)
            | Self::UnknownWorkflow { .. }
            | Self::Compile(_)
            | Self::Session(_)
            | Self::Resume(_)
            | Self::UnknownRevision(_)
            | Self::OtherRevision { .. }
            | Self::TooManyDays { .. }
            | Self::UnknownSchedule(_)
            | Self::UnknownBackfill(_)
            | Self::BackfillExists { .. }
            | Self::BackfillOver(_)
            | Self::NameTaken { .. }
            | Self::Replay(_)
            | Self::Json(_)
            | Self::Archive(_)
            | Self::NotInArchive { .. }
            | Self::Unreadable(_) => false,
        }
    }
}

/// Why a coordinator did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The store cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker cannot be reached.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Store and journal do not fit, or one of them cannot be reached.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No thread for the driver.
    #[error("could not start the driver's thread")]
    Thread(#[from] std::io::Error),
}
