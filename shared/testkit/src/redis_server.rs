//! A private Redis.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{
    Authority, TestkitError, error::chain, free_port, guard::Guard, installation::Installation,
    process::Process,
};

/// Names a folder with another Debian, whose Valkey or Redis is started.
const ROOT: &str = "HIMEKURI_TEST_REDIS_ROOT";
const PROGRAM: &str = "redis-server";
/// What the folder may hold instead.
const VALKEY: &str = "valkey-server";
/// Tries with other ports: a port may be taken between finding and using it.
const TRIES: usize = 3;

/// A Redis of its own: append-only file on, `noeviction`. Ends when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Mutex<Option<Process>>,
    installation: Installation,
    program: &'static str,
    settings: Vec<(String, String)>,
    port: u16,
    tls_port: Option<u16>,
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
        Self::start_tried(settings, None)
    }

    /// [`RedisServer::start`], with a port for TLS beside the plain one. Its certificate is signed by this authority. A client may
    /// show a certificate; one that is shown must be signed by the authority too.
    ///
    /// # Errors
    /// When the package is missing or the server does not serve in time.
    pub fn start_with_tls(authority: &Authority) -> Result<Self, TestkitError> {
        Self::start_tried(&[("tls-auth-clients", "optional")], Some(authority))
    }

    fn start_tried(
        settings: &[(&str, &str)],
        authority: Option<&Authority>,
    ) -> Result<Self, TestkitError> {
        let mut result = Self::try_start(settings, authority);
        for _ in 1..TRIES {
            match result {
                Err(TestkitError::Ended { .. }) => result = Self::try_start(settings, authority),
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

    /// Address for clients over TLS, if it was started so.
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        self.tls_port.map(|port| format!("rediss://127.0.0.1:{port}/0"))
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

    fn try_start(
        settings: &[(&str, &str)],
        authority: Option<&Authority>,
    ) -> Result<Self, TestkitError> {
        let installation = Installation::of_variable(ROOT);
        let server = Self {
            process: Mutex::new(None),
            program: find_program(&installation)?,
            installation,
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            port: free_port()?,
            tls_port: authority.map(|_| free_port()).transpose()?,
            guard: Guard::new("redis")?,
        };
        if let Some(authority) = authority {
            authority.write(&server.guard)?;
        }
        let process = server.spawn()?;
        *server.lock() = Some(process);
        Ok(server)
    }

    fn spawn(&self) -> Result<Process, TestkitError> {
        let mut command = self.installation.command(self.program, &self.guard);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--appendonly", "yes", "--maxmemory-policy", "noeviction"])
            .arg("--dir")
            .arg(self.guard.folder());
        if let Some(port) = self.tls_port {
            let path = |name| self.guard.folder().join(name);
            command.args(["--tls-port", &port.to_string()]);
            command.arg("--tls-ca-cert-file").arg(path("ca.pem"));
            command.arg("--tls-cert-file").arg(path("server.pem"));
            command.arg("--tls-key-file").arg(path("server.key"));
        }
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

/// A folder without either is told at once; what this machine lacks shows when it is started.
fn find_program(installation: &Installation) -> Result<&'static str, TestkitError> {
    if installation.is_of_this_machine() {
        return Ok(PROGRAM);
    }
    let has = |program: &&str| installation.real(&format!("/usr/bin/{program}")).exists();
    let missing = TestkitError::NotInFolder { variable: ROOT, program: VALKEY };
    [VALKEY, PROGRAM].into_iter().find(has).ok_or(missing)
}

/// A real handshake: also false while the append-only file loads.
fn ping(url: &str) -> Result<(), redis::RedisError> {
    let mut connection = redis::Client::open(url)?.get_connection()?;
    redis::cmd("PING").query(&mut connection)
}
