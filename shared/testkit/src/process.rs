//! One server process: started in its own process group, ended by signals to the whole group.

use std::{
    fs::{self, OpenOptions},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{TestkitError, guard::Guard};

/// Longest time for a server to serve: RabbitMQ needs 4 to 8 s alone, and much longer on a busy machine.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(120);
/// Longest time for a server to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Time between two looks at a server that starts or stops.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Lines of a server's output that an error shows.
const LOG_LINES: usize = 20;

/// A running server process.
#[derive(Debug)]
pub(crate) struct Process {
    program: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the command with its output in `<folder>/<program>.log`.
    pub(crate) fn start(
        guard: &Guard,
        program: &'static str,
        command: &mut Command,
    ) -> Result<Self, TestkitError> {
        let log = guard.folder().join(format!("{program}.log"));
        let open = || OpenOptions::new().create(true).append(true).open(&log);
        let (output, errors) = open()
            .and_then(|output| Ok((output, open()?)))
            .map_err(|source| TestkitError::File { path: log.clone(), source })?;
        let child = command
            // What a server leaves where it stands (Erlang's crash dumps) goes with the folder.
            .current_dir(guard.folder())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|source| TestkitError::Process { operation: "start", program, source })?;
        let mut process = Self { program, child, log };
        if let Err(error) = guard.note(process.child.id()) {
            process.kill(guard)?;
            return Err(error);
        }
        Ok(process)
    }

    /// Asks `is_ready` until it succeeds, the process ends, or the time is over.
    pub(crate) fn wait_ready<E>(
        &mut self,
        mut is_ready: impl FnMut() -> Result<(), E>,
    ) -> Result<(), TestkitError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let started = Instant::now();
        loop {
            let last = match is_ready() {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.has_ended()? {
                return Err(TestkitError::Ended { program: self.program, log: self.log_end() });
            }
            if started.elapsed() > START_LIMIT {
                return Err(TestkitError::NotReady {
                    program: self.program,
                    waited: START_LIMIT,
                    log: self.log_end(),
                    source: Some(last.into()),
                });
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// SIGTERM to the group, then waits for the end.
    pub(crate) fn stop(&mut self, guard: &Guard) -> Result<(), TestkitError> {
        self.signal("-TERM")?;
        let started = Instant::now();
        while !self.has_ended()? {
            if started.elapsed() > STOP_LIMIT {
                self.kill(guard)?;
                return Err(TestkitError::NotStopped { program: self.program, waited: STOP_LIMIT });
            }
            thread::sleep(LOOK_EVERY);
        }
        self.kill(guard)
    }

    /// SIGKILL to the group, then waits for the end. Harmless when the process has ended.
    pub(crate) fn kill(&mut self, guard: &Guard) -> Result<(), TestkitError> {
        self.signal("-KILL")?;
        self.child.wait().map_err(|source| self.failed("wait for", source))?;
        guard.forget(self.child.id());
        Ok(())
    }

    /// SIGSTOP to the group: it keeps its connections and answers nothing.
    pub(crate) fn freeze(&self) -> Result<(), TestkitError> {
        self.signal("-STOP")
    }

    /// SIGCONT to the group.
    pub(crate) fn thaw(&self) -> Result<(), TestkitError> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), TestkitError> {
        // A group that is gone already makes `kill` fail, which is what was wanted.
        Command::new("kill")
            .args([signal, "--", &format!("-{}", self.child.id())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map(|_| ())
            .map_err(|source| self.failed("signal", source))
    }

    fn has_ended(&mut self) -> Result<bool, TestkitError> {
        match self.child.try_wait() {
            Ok(status) => Ok(status.is_some()),
            Err(source) => Err(self.failed("wait for", source)),
        }
    }

    fn failed(&self, operation: &'static str, source: std::io::Error) -> TestkitError {
        TestkitError::Process { operation, program: self.program, source }
    }

    fn log_end(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}
