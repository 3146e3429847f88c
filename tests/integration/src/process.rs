//! A program of the workspace as a child process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

/// What can be sent to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ends at once.
    Kill,
    /// Asks to end.
    Terminate,
    /// Freezes.
    Stop,
    /// Goes on.
    Continue,
}

/// The repository's top folder.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program built beside the running test or program.
///
/// # Errors
/// It was not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the test does not know its own path")?;
    // A program lies in the folder of all programs, a test one below.
    let built = own.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    match built.into_iter().find(|path| path.exists()) {
        Some(path) => Ok(path),
        None => {
            bail!("`{name}` is not built; run the tests with `make test`, or `make build` first")
        }
    }
}

impl Process {
    /// Starts a program; its standard error goes to `log` (for people: what a failed test leaves behind).
    ///
    /// # Errors
    /// It was not built, or does not start.
    pub fn start(name: &str, arguments: &[String], log: &Path) -> anyhow::Result<Self> {
        Self::start_in(name, arguments, Vec::new(), log)
    }

    /// The same with variables of its own, such as those of a [`Clock`](crate::Clock).
    ///
    /// # Errors
    /// It was not built, or does not start.
    pub fn start_in(
        name: &str,
        arguments: &[String],
        environment: Vec<(String, String)>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let output = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("could not open `{}`", log.display()))?;
        let child = Command::new(program(name)?)
            .args(arguments)
            .env("RUST_LOG", "himekuri_worker=debug,himekuri_coordinator=debug,info,lapin=error")
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .with_context(|| format!("could not start `{name}`"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Sends a signal, by the system's `kill`.
    ///
    /// # Errors
    /// The process is gone.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let flag = match signal {
            Signal::Kill => "-KILL",
            Signal::Terminate => "-TERM",
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let status = Command::new("kill").args([flag, &self.child.id().to_string()]).status()?;
        if !status.success() {
            bail!("could not send {signal:?} to {}", self.name);
        }
        Ok(())
    }

    /// Waits for the end; the exit code, or `None` after a signal.
    ///
    /// # Errors
    /// The system does not say.
    pub fn wait(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.child.wait()?.code())
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// The system does not say.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is fine.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
