//! A private Prometheus.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::Command,
    time::Duration,
};

use crate::{TestkitError, free_port, guard::Guard, process::Process};

const PROGRAM: &str = "prometheus";
const TOOL: &str = "promtool";
const CONFIGURATION: &str = "prometheus.yml";
const DATA: &str = "data";
const PAST: &str = "past.txt";
/// Longest wait for the answer to one look.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Tries with other ports: a port may be taken between finding and using it.
const TRIES: usize = 3;

/// A Prometheus of its own, with this configuration. Ends when dropped.
#[derive(Debug)]
pub struct Prometheus {
    process: Process,
    port: u16,
    // Last, so that it goes after the process.
    guard: Guard,
}

impl Prometheus {
    /// Starts a server with the text of a configuration file, and waits until it is ready.
    ///
    /// # Errors
    /// When the package is missing, the configuration is refused, or the server does not serve in time.
    pub fn start(configuration: &str) -> Result<Self, TestkitError> {
        Self::start_with_past(configuration, None)
    }

    /// The same with samples of hours ago: in OpenMetrics' text format, each with its time.
    ///
    /// # Errors
    /// Those of [`start`](Self::start), or `promtool` refuses the samples.
    pub fn start_with_past(configuration: &str, past: Option<&str>) -> Result<Self, TestkitError> {
        let mut result = Self::try_start(configuration, past);
        for _ in 1..TRIES {
            match result {
                Err(TestkitError::Ended { .. }) => result = Self::try_start(configuration, past),
                Ok(_) | Err(_) => break,
            }
        }
        result
    }

    /// Address of its API and pages.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn try_start(configuration: &str, past: Option<&str>) -> Result<Self, TestkitError> {
        let (guard, port) = (Guard::new(PROGRAM)?, free_port()?);
        guard.write(CONFIGURATION, configuration)?;
        if let Some(samples) = past {
            write_past(&guard, samples)?;
        }
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={CONFIGURATION}"))
            .arg(format!("--storage.tsdb.path={DATA}"))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=warn");
        let mut process = match Process::start(&guard, PROGRAM, &mut command) {
            Err(TestkitError::Process { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                return Err(TestkitError::NotInstalled { program: PROGRAM });
            }
            other => other?,
        };
        match process.wait_ready(|| is_ready(port)) {
            Ok(()) => Ok(Self { process, port, guard }),
            Err(error) => {
                process.kill(&guard)?;
                Err(error)
            }
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // The guard kills what this leaves.
        let _ended = self.process.kill(&self.guard);
    }
}

/// Makes blocks of samples where the server will look for them.
fn write_past(guard: &Guard, samples: &str) -> Result<(), TestkitError> {
    guard.write(PAST, samples)?;
    let failed = |source| TestkitError::Process { operation: "run", program: TOOL, source };
    let output = Command::new(TOOL)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", PAST, DATA])
        .current_dir(guard.folder())
        .output()
        .map_err(failed)?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(failed(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())))
        }
    }
}

/// Asks whether it answers queries; by hand, since nothing else here speaks HTTP.
fn is_ready(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        _ => Err(io::Error::other("it is not ready yet")),
    }
}
