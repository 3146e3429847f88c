//! Why a server did not start.

use std::{error::Error, io, path::PathBuf, time::Duration};

/// A private server could not be started, reached or stopped.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// The server's package is missing.
    #[error("`{program}` is not installed; run `scripts/install-servers.sh`")]
    NotInstalled {
        /// What was looked for.
        program: &'static str,
    },
    /// The folder that a variable names lacks the server.
    #[error(
        "`{variable}` names a folder without `{program}`; make one with `scripts/fetch-rabbitmq-4.sh FOLDER` and give its \
         absolute path"
    )]
    NotInFolder {
        /// The environment variable.
        variable: &'static str,
        /// What was looked for.
        program: &'static str,
    },
    /// A certificate could not be made.
    #[error("could not make a certificate")]
    Certificate {
        /// What the library said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No port on 127.0.0.1.
    #[error("could not find a free port on 127.0.0.1")]
    Port {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file or folder of the server could not be written.
    #[error("could not write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A process could not be started or waited for.
    #[error("could not {operation} `{program}`")]
    Process {
        /// Start, signal or wait for.
        operation: &'static str,
        /// Which process.
        program: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The process ended before it served.
    #[error("`{program}` ended while starting; the end of its log:\n{log}")]
    Ended {
        /// Which server.
        program: &'static str,
        /// Last lines of its output.
        log: String,
    },
    /// No client could talk to it in time.
    #[error("`{program}` did not serve within {} s; the end of its log:\n{log}", waited.as_secs())]
    NotReady {
        /// Which server.
        program: &'static str,
        /// How long was waited.
        waited: Duration,
        /// Last lines of its output.
        log: String,
        /// What the last try said.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// It did not end after a signal.
    #[error("`{program}` did not stop within {} s", waited.as_secs())]
    NotStopped {
        /// Which server.
        program: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// The server is not running now.
    #[error("`{program}` is stopped")]
    Stopped {
        /// Which server.
        program: &'static str,
    },
    /// The shared server of this test binary failed earlier.
    #[error("the shared server did not start: {reason}")]
    Shared {
        /// The first failure, with its causes.
        reason: String,
    },
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
