//! A clock for one process: its time of day is what a test says, and no timer moves with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Debian's place of the library, below a folder of the machine's kind.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The time of day of the processes that get its [`environment`](Self::environment).
#[derive(Debug)]
pub struct Clock {
    /// What libfaketime reads each time that somebody asks.
    file: PathBuf,
    library: String,
}

impl Clock {
    /// One that shows the machine's time, kept in a file.
    ///
    /// # Errors
    /// libfaketime is missing, or the file cannot be written.
    pub fn new(file: PathBuf) -> anyhow::Result<Self> {
        if file.to_str().is_none() {
            bail!("`{}` is no text", file.display());
        }
        let clock = Self { file, library: library()? };
        clock.set(0)?;
        Ok(clock)
    }

    /// Moves it to so many seconds after the machine's time, or before it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, seconds: i64) -> anyhow::Result<()> {
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{seconds:+}\n"))?;
        std::fs::rename(&next, &self.file)
            .with_context(|| format!("could not set `{}`", self.file.display()))
    }

    /// The variables of a process that follows it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let file = self.file.to_string_lossy();
        let pairs = [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    }
}

fn library() -> anyhow::Result<String> {
    let folders = std::fs::read_dir(Path::new("/usr/lib"))?.filter_map(Result::ok);
    let library = folders.map(|folder| folder.path().join(LIBRARY)).find(|path| path.exists());
    let library = library.and_then(|path| path.to_str().map(ToOwned::to_owned));
    library.context("libfaketime is missing; run `scripts/install-servers.sh`")
}
