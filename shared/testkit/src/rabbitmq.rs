//! A private RabbitMQ with its own Erlang port mapper.

use std::{
    ffi::OsStr,
    fs, io,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use crate::{
    Authority, TestkitError, error::chain, free_port, guard::Guard, installation::Installation,
    process::Process, unique_name,
};

/// Seconds that `rabbitmqctl` waits for a server that does not answer.
const CONTROL_SECONDS: &str = "60";

/// Names a folder with another Debian, whose RabbitMQ is started.
const ROOT: &str = "HIMEKURI_TEST_RABBITMQ_ROOT";

const PROGRAM: &str = "rabbitmq-server";
const PORT_MAPPER: &str = "epmd";
/// Where Debian and the upstream packages put the versions; the wrapper in `/usr/sbin` insists on the
/// system user, the script in here does not.
const VERSIONS: &str = "/usr/lib/rabbitmq/lib";
/// Longest time of one handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Tries with other ports: a port may be taken between finding and using it.
const TRIES: usize = 3;

/// A RabbitMQ of its own: no plugins, user `guest`. Ends when dropped.
#[derive(Debug)]
pub struct RabbitMq {
    running: Mutex<Option<Running>>,
    installation: Installation,
    script: PathBuf,
    node: String,
    port: u16,
    tls_port: Option<u16>,
    distribution_port: u16,
    mapper_port: u16,
    // Last, so that it goes after the processes.
    guard: Guard,
}

#[derive(Debug)]
struct Running {
    server: Process,
    mapper: Process,
}

impl RabbitMq {
    /// Starts a server and waits until a client can open a connection.
    ///
    /// # Errors
    /// When the package is missing or the server does not serve in time.
    pub fn start() -> Result<Self, TestkitError> {
        Self::start_tried(None)
    }

    /// [`RabbitMq::start`], with a port for TLS beside the plain one. Its certificate is signed by this authority. A client may
    /// show a certificate; one that is shown must be signed by the authority too.
    ///
    /// # Errors
    /// When the package is missing or the server does not serve in time.
    pub fn start_with_tls(authority: &Authority) -> Result<Self, TestkitError> {
        Self::start_tried(Some(authority))
    }

    fn start_tried(authority: Option<&Authority>) -> Result<Self, TestkitError> {
        let mut result = Self::try_start(authority);
        for _ in 1..TRIES {
            match result {
                Err(TestkitError::Ended { .. }) => result = Self::try_start(authority),
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
        static SHARED: OnceLock<Result<RabbitMq, String>> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().map_err(|error| chain(&error)))
            .as_ref()
            .map_err(|reason| TestkitError::Shared { reason: reason.clone() })
    }

    /// Address for clients: user `guest`, virtual host `/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// Address for clients over TLS, if it was started so.
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        self.tls_port.map(|port| format!("amqps://guest:guest@127.0.0.1:{port}/%2f"))
    }

    /// Ends the server in good order (SIGTERM); its data stays.
    ///
    /// # Errors
    /// When it is stopped already or does not stop.
    pub fn stop(&self) -> Result<(), TestkitError> {
        let mut running = self.take()?;
        running.server.stop(&self.guard)?;
        running.mapper.kill(&self.guard)
    }

    /// Ends the server as a crash would (SIGKILL); what reached its files stays.
    ///
    /// # Errors
    /// When it is stopped already.
    pub fn kill(&self) -> Result<(), TestkitError> {
        self.take()?.kill(&self.guard)
    }

    /// Freezes the server (SIGSTOP): its connections stay open, and nothing answers.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn freeze(&self) -> Result<(), TestkitError> {
        let slot = self.lock();
        let running = slot.as_ref().ok_or(TestkitError::Stopped { program: PROGRAM })?;
        running.server.freeze()
    }

    /// Lets a frozen server go on (SIGCONT). Harmless when it is not frozen.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn thaw(&self) -> Result<(), TestkitError> {
        let slot = self.lock();
        let running = slot.as_ref().ok_or(TestkitError::Stopped { program: PROGRAM })?;
        running.server.thaw()
    }

    /// Stops the server if it runs, and starts it again on the same port with the same data.
    ///
    /// # Errors
    /// When it does not stop, or does not serve in time.
    pub fn restart(&self) -> Result<(), TestkitError> {
        let mut slot = self.lock();
        if let Some(mut running) = slot.take() {
            running.server.stop(&self.guard)?;
            running.mapper.kill(&self.guard)?;
        }
        *slot = Some(self.spawn()?);
        Ok(())
    }

    /// The folder with the server's files and log, which goes with the server.
    #[must_use]
    pub fn folder_for_diagnosis(&self) -> &Path {
        self.guard.folder()
    }

    /// Runs `rabbitmqctl` against this server and returns what it printed.
    ///
    /// # Errors
    /// When the tool cannot be run or fails.
    pub fn control(&self, arguments: &[&str]) -> Result<String, TestkitError> {
        let failed =
            |source| TestkitError::Process { operation: "run", program: "rabbitmqctl", source };
        let output = self
            .environment(self.program(self.script.with_file_name("rabbitmqctl")))
            .args(["-q", "-t", CONTROL_SECONDS])
            .args(arguments)
            .output()
            .map_err(failed)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(failed(io::Error::other(text)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn try_start(authority: Option<&Authority>) -> Result<Self, TestkitError> {
        let installation = Installation::of_variable(ROOT);
        let script = find_script(&installation)?;
        let server = Self {
            running: Mutex::new(None),
            script: installation.inside(&script),
            installation,
            node: format!("{}@localhost", unique_name("himekuri")),
            port: free_port()?,
            tls_port: authority.map(|_| free_port()).transpose()?,
            distribution_port: free_port()?,
            mapper_port: free_port()?,
            guard: Guard::new("rabbitmq")?,
        };
        if let Some(authority) = authority {
            authority.write(&server.guard)?;
        }
        server.guard.write("rabbitmq.conf", &server.config())?;
        server.guard.write("enabled_plugins", "[].\n")?;
        let running = server.spawn()?;
        *server.lock() = Some(running);
        Ok(server)
    }

    fn spawn(&self) -> Result<Running, TestkitError> {
        let mut mapper = self.program(PORT_MAPPER);
        mapper.args(["-address", "127.0.0.1", "-port", &self.mapper_port.to_string()]);
        let mapper = match Process::start(&self.guard, PORT_MAPPER, &mut mapper) {
            Err(TestkitError::Process { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                return Err(TestkitError::NotInstalled { program: PROGRAM });
            }
            other => other?,
        };
        let mut server = self.environment(self.program(&self.script));
        let server = Process::start(&self.guard, PROGRAM, &mut server)?;
        let mut running = Running { server, mapper };
        let is_ready = || {
            handshake(self.url())?;
            // It listens on the plain port first.
            self.tls_port
                .map_or(Ok(()), |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(|_| ()))
        };
        match running.server.wait_ready(is_ready) {
            Ok(()) => Ok(running),
            Err(error) => {
                running.kill(&self.guard)?;
                Err(error)
            }
        }
    }

    fn program(&self, program: impl AsRef<OsStr>) -> Command {
        self.installation.command(program, &self.guard)
    }

    /// Everything that RabbitMQ's scripts would take from the machine, set to our own.
    fn environment(&self, mut command: Command) -> Command {
        let folder = self.guard.folder();
        command
            .env("HOME", folder)
            .env("RABBITMQ_NODENAME", &self.node)
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_PID_FILE", folder.join("rabbitmq.pid"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"))
            .env("ERL_CRASH_DUMP", folder.join("erl_crash.dump"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", folder.join("none.config"))
            // Schedulers that spin while idle would take the cores from the tests.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.mapper_port.to_string());
        command
    }

    fn config(&self) -> String {
        let mut text = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\n\
             log.file.level = warning\n\
             disk_free_limit.absolute = 50MB\n",
            self.port
        );
        if let Some(port) = self.tls_port {
            let folder = self.guard.folder().display();
            text += &format!(
                "listeners.ssl.1 = 127.0.0.1:{port}\n\
                 ssl_options.cacertfile = {folder}/ca.pem\n\
                 ssl_options.certfile = {folder}/server.pem\n\
                 ssl_options.keyfile = {folder}/server.key\n\
                 ssl_options.verify = verify_peer\n\
                 ssl_options.fail_if_no_peer_cert = false\n"
            );
        }
        text
    }

    fn take(&self) -> Result<Running, TestkitError> {
        self.lock().take().ok_or(TestkitError::Stopped { program: PROGRAM })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn kill(&mut self, guard: &Guard) -> Result<(), TestkitError> {
        self.server.kill(guard)?;
        self.mapper.kill(guard)
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        if let Some(mut running) = self.lock().take() {
            // The guard kills what this leaves.
            let _ended = running.kill(&self.guard);
        }
    }
}

fn find_script(installation: &Installation) -> Result<PathBuf, TestkitError> {
    let missing = || match installation.is_of_this_machine() {
        true => TestkitError::NotInstalled { program: PROGRAM },
        false => TestkitError::NotInFolder { variable: ROOT, program: PROGRAM },
    };
    let mut scripts: Vec<PathBuf> = fs::read_dir(installation.real(VERSIONS))
        .map_err(|_| missing())?
        .filter_map(Result::ok)
        .map(|version| version.path().join("sbin").join(PROGRAM))
        .filter(|script| Path::exists(script))
        .collect();
    scripts.sort();
    scripts.pop().ok_or_else(missing)
}

/// Opens and closes a connection. On a thread of its own, because the caller may be inside a runtime.
fn handshake(url: String) -> io::Result<()> {
    let attempt = move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let connect = async {
                let connection = lapin::Connection::connect(&url, Default::default()).await?;
                connection.close(200, "ready".into()).await
            };
            tokio::time::timeout(HANDSHAKE_LIMIT, connect).await?.map_err(io::Error::other)
        })
    };
    thread::spawn(attempt)
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the handshake panicked")))
}
