//! Starts `himekuri-warehouse` beside this program, and asks it what it holds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use himekuri_protocol::TableReference;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

const BINARY: &str = "himekuri-warehouse";

/// Longest wait for the warehouse's first word; it takes well under a second.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running warehouse; it ends with this value, and with this program, because its standard input closes.
pub(crate) struct LocalWarehouse {
    url: String,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl LocalWarehouse {
    /// Starts one on a free port.
    pub(crate) async fn start(data: &Path) -> anyhow::Result<Self> {
        let mut child = tokio::process::Command::from(command())
            .args(["--port", "0", "--exit-with-parent", "--data"])
            .arg(data)
            // Its log is not what the person at this terminal asked for, unless they did.
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| missing(&error))?;
        let stdout = child.stdout.take().context("the warehouse has no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = tokio::time::timeout(START_TIMEOUT, stdout.read_line(&mut line)).await;
        read.with_context(|| format!("the local warehouse said nothing for {START_TIMEOUT:?}"))??;
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(Self { url: url.to_owned(), child, _stdout: stdout }),
            // It has said why on standard error.
            None => bail!("the local warehouse did not start on `{}`", data.display()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets it write its files and end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        self.child.wait().await.context("could not wait for the local warehouse")?;
        Ok(())
    }
}

/// The warehouse's program: beside this one, else wherever the system finds it.
pub(crate) fn command() -> Command {
    let beside: Option<PathBuf> = std::env::current_exe()
        .ok()
        .and_then(|own| own.parent().map(|folder| folder.join(BINARY)))
        .filter(|path| path.exists());
    Command::new(beside.unwrap_or_else(|| PathBuf::from(BINARY)))
}

/// The error of a warehouse that cannot be started at all.
pub(crate) fn missing(error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "could not start `{BINARY}`: {error}; build it with `make build`, or run on Google's BigQuery with `--google`"
    )
}

/// A partition of a local warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partition {
    pub(crate) project: String,
    pub(crate) dataset: String,
    pub(crate) table: String,
    pub(crate) partition: Option<String>,
    pub(crate) rows: u64,
    pub(crate) checksum: String,
}

impl Partition {
    /// A partition without rows, which the warehouse does not list.
    pub(crate) fn empty(table: &TableReference) -> Self {
        Self {
            project: table.project.clone().unwrap_or_default(),
            dataset: table.dataset.clone(),
            table: table.table.clone(),
            partition: table.partition.clone(),
            rows: 0,
            checksum: String::new(),
        }
    }

    /// `project.dataset.table$partition`.
    pub(crate) fn name(&self) -> String {
        let table = format!("{}.{}.{}", self.project, self.dataset, self.table);
        match &self.partition {
            Some(partition) => format!("{table}${partition}"),
            None => table,
        }
    }
}

/// The partitions of all projects, or of one.
pub(crate) async fn partitions(url: &str, project: Option<&str>) -> anyhow::Result<Vec<Partition>> {
    let address = format!("{}/himekuri/v1/partitions", url.trim_end_matches('/'));
    let mut request = reqwest::Client::new().get(address);
    if let Some(project) = project {
        request = request.query(&[("project", project)]);
    }
    let response = request.send().await.with_context(|| {
        format!("could not reach a local warehouse at `{url}`; start one with `himekuri warehouse`")
    })?;
    response
        .error_for_status()
        .context("the local warehouse refused to list its partitions")?
        .json()
        .await
        .with_context(|| format!("`{url}` is not a local warehouse"))
}
