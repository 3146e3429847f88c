//! A private Redis.

use std::{
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use crate::{TestkitError, error::chain, free_port, guard::Guard, process::Process};

const PROGRAM: &str = "redis-server";
/// Tries with other ports: a port may be taken between finding and using it.
const TRIES: usize = 3;

/// A Redis of its own: append-only file on, `noeviction`. Ends when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Mutex<Option<Process>>,
    settings: Vec<(String, String)>,
    port: u16,
    // Last, so that it goes after the process.
    guard: Guard,
}

impl RedisServer {
    /// Starts a server and waits until a client can talk to it.
    ///
    /// # Errors
    /// When the package is missing or the server does not serve in time.
    pub fn start() -> Result<Self, TestkitError> {
        Self::start_with(&[])
    }

    /// [`RedisServer::start`] with settings of `redis.conf` on top.
    ///
    /// # Errors
    /// When the package is missing, a setting is refused, or the server does not serve in time.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, TestkitError> {
        let mut result = Self::try_start(settings);
        for _ in 1..TRIES {
            match result {
                Err(TestkitError::Ended { .. }) => result = Self::try_start(settings),
                Ok(_) | Err(_) => break,
            }
        }
        result
    }

    /// The server that all tests of this binary share; started on first use.
    ///
    /// # Errors
    /// When it could not be started; every caller gets the same reason.
    pub fn shared() -> Result<&'static Self, TestkitError> {
        static SHARED: OnceLock<Result<RedisServer, String>> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().map_err(|error| chain(&error)))
            .as_ref()
            .map_err(|reason| TestkitError::Shared { reason: reason.clone() })
    }

    /// Address for clients, database 0.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends the server in good order (SIGTERM); its data stays.
    ///
    /// # Errors
    /// When it is stopped already or does not stop.
    pub fn stop(&self) -> Result<(), TestkitError> {
        let mut process = self.take()?;
        process.stop(&self.guard)
    }

    /// Ends the server as a crash would (SIGKILL); what reached its files stays.
    ///
    /// # Errors
    /// When it is stopped already.
    pub fn kill(&self) -> Result<(), TestkitError> {
        let mut process = self.take()?;
        process.kill(&self.guard)
    }

    /// Freezes the server (SIGSTOP): its connections stay open, and nothing answers.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn freeze(&self) -> Result<(), TestkitError> {
        let slot = self.lock();
        let process = slot.as_ref().ok_or(TestkitError::Stopped { program: PROGRAM })?;
        process.freeze()
    }

    /// Lets a frozen server go on (SIGCONT). Harmless when it is not frozen.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn thaw(&self) -> Result<(), TestkitError> {
        let slot = self.lock();
        let process = slot.as_ref().ok_or(TestkitError::Stopped { program: PROGRAM })?;
        process.thaw()
    }

    /// Stops the server if it runs, and starts it again on the same port with the same data.
    ///
    /// # Errors
    /// When it does not stop, or does not serve in time.
    pub fn restart(&self) -> Result<(), TestkitError> {
        let mut process = self.lock();
        if let Some(mut running) = process.take() {
            running.stop(&self.guard)?;
        }
        *process = Some(self.spawn()?);
        Ok(())
    }

    fn try_start(settings: &[(&str, &str)]) -> Result<Self, TestkitError> {
        let server = Self {
            process: Mutex::new(None),
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            port: free_port()?,
            guard: Guard::new("redis")?,
        };
        let process = server.spawn()?;
        *server.lock() = Some(process);
        Ok(server)
    }

    fn spawn(&self) -> Result<Process, TestkitError> {
        let mut command = Command::new(PROGRAM);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--appendonly", "yes", "--maxmemory-policy", "noeviction"])
            .arg("--dir")
            .arg(self.guard.folder());
        for (key, value) in &self.settings {
            command.args([format!("--{key}"), value.clone()]);
        }
        let mut process = match Process::start(&self.guard, PROGRAM, &mut command) {
            Err(TestkitError::Process { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Err(TestkitError::NotInstalled { program: PROGRAM });
            }
            other => other?,
        };
        match process.wait_ready(|| ping(&self.url())) {
            Ok(()) => Ok(process),
            Err(error) => {
                process.kill(&self.guard)?;
                Err(error)
            }
        }
    }

    fn take(&self) -> Result<Process, TestkitError> {
        self.lock().take().ok_or(TestkitError::Stopped { program: PROGRAM })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.lock().take() {
            // The guard kills what this leaves.
            let _ended = process.kill(&self.guard);
        }
    }
}

/// A real handshake: also false while the append-only file loads.
fn ping(url: &str) -> Result<(), redis::RedisError> {
    let mut connection = redis::Client::open(url)?.get_connection()?;
    redis::cmd("PING").query(&mut connection)
}
