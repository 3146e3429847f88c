//! A local warehouse with the example titles' logs, and its ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, bail};
use himekuri_example_logs::load::{self, MartTables};
use himekuri_example_logs::{Battles, Day, Logs, Silent, Title};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::process::program;

/// Users of each title: few, so that a job takes milliseconds.
const USERS: u32 = 60;

/// A running `himekuri-warehouse`.
#[derive(Debug)]
pub struct WarehouseProcess {
    url: String,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

/// A partition and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Partition {
    /// GCP project.
    pub project: String,
    /// Dataset.
    pub dataset: String,
    /// Table.
    pub table: String,
    /// Digits behind `$`.
    pub partition: Option<String>,
    /// Rows.
    pub rows: u64,
    /// Of the rows, whatever their order.
    pub checksum: String,
}

/// How often a job's SQL was really executed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Execution {
    /// GCP project.
    pub project: String,
    /// Job.
    #[serde(rename = "jobId")]
    pub job_id: String,
    /// Executions.
    pub executions: u64,
}

/// A job and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Full name.
    pub id: String,
    /// `PENDING`, `RUNNING` or `DONE`.
    pub state: String,
    /// When it ran.
    #[serde(default)]
    pub statistics: Times,
}

/// Milliseconds since 1970, as BigQuery writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// When it was sent.
    pub creation_time: Option<String>,
    /// When it began.
    pub start_time: Option<String>,
    /// When it had ended.
    pub end_time: Option<String>,
}

/// A job with all that BigQuery tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FullJob {
    /// Its name.
    pub job_reference: JobReference,
    /// `PENDING`, `RUNNING` or `DONE`.
    pub state: String,
    /// When it ran.
    #[serde(default)]
    pub statistics: Times,
    /// Why it failed, if it did.
    pub error_result: Option<Value>,
    /// What was asked for.
    #[serde(default)]
    pub configuration: Value,
}

/// A job's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobReference {
    /// GCP project.
    pub project_id: String,
    /// The id, without the project.
    pub job_id: String,
}

#[derive(Debug, Deserialize)]
struct JobList<J> {
    jobs: Vec<J>,
    #[serde(rename = "nextPageToken")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Ledger {
    jobs: Vec<Execution>,
}

impl WarehouseProcess {
    /// Starts one on a free port with the logs of both titles for the given JST dates.
    ///
    /// # Errors
    /// It was not built, does not start, or refuses the logs.
    pub async fn start(folder: &Path, from: &str, to: &str) -> anyhow::Result<Self> {
        let warehouse = Self::open(folder).await?;
        for (title, battles) in [("title_a", Battles::Quests), ("title_b", Battles::Guilds)] {
            warehouse.load_logs(title, battles, from, to).await?;
        }
        Ok(warehouse)
    }

    /// Starts one on a free port with what is in the folder.
    ///
    /// # Errors
    /// It was not built, or does not start.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program("himekuri-warehouse")?)
            .args(["--exit-with-parent", "--port", "0", "--data"])
            .arg(folder)
            // Closed with this process, however it ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("could not start the warehouse")?;
        let stdout = child.stdout.take().context("the warehouse has no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            bail!("the warehouse said `{line}`");
        };
        Ok(Self { url: url.to_owned(), child, _stdout: stdout })
    }

    /// Ends it in good order, so that its folder can be copied.
    ///
    /// # Errors
    /// It does not end well.
    pub async fn close(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await.context("could not wait for the warehouse")?;
        if !status.success() {
            bail!("the warehouse ended with {status}");
        }
        Ok(())
    }

    /// Says how long jobs take and what goes wrong, as `docs/warehouse.md` describes it.
    ///
    /// # Errors
    /// The warehouse refuses it, or does not answer.
    pub async fn put_faults(&self, setup: &Value) -> anyhow::Result<()> {
        let url = format!("{}/himekuri/v1/faults", self.url);
        let request = reqwest::Client::new().put(url).body(setup.to_string());
        request.send().await?.error_for_status().context("the warehouse refused the faults")?;
        Ok(())
    }

    async fn load_logs(
        &self,
        title: &str,
        battles: Battles,
        from: &str,
        to: &str,
    ) -> anyhow::Result<()> {
        let logs = Logs::new(6, Title { name: title.to_owned(), battles }, USERS);
        let days = Day::utc_days_of_japan(from.parse()?, to.parse()?)?;
        let destination = load::Destination {
            address: self.url.clone(),
            project: title.replace('_', "-"),
            location: None,
            token: None,
            marts: MartTables::Leave,
        };
        load::load(Arc::new(logs), &destination, &days, &Silent).await?;
        Ok(())
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The marts of one GCP project, by name.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub async fn marts(&self, project: &str) -> anyhow::Result<BTreeMap<String, Partition>> {
        let url = format!("{}/himekuri/v1/partitions?project={project}&dataset=summary", self.url);
        let partitions: Vec<Partition> =
            reqwest::get(url).await?.error_for_status()?.json().await?;
        let named = partitions.into_iter().map(|partition| {
            let day = partition.partition.clone().unwrap_or_default();
            (format!("{}.{}${day}", partition.project, partition.table), partition)
        });
        Ok(named.collect())
    }

    /// The pool's jobs of a GCP project.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub async fn jobs(&self, project: &str) -> anyhow::Result<Vec<Job>> {
        let url = format!("{}/bigquery/v2/projects/{project}/jobs?maxResults=1000", self.url);
        let request = reqwest::Client::new().get(url).bearer_auth("any");
        let list: JobList<Job> = request.send().await?.error_for_status()?.json().await?;
        Ok(list.jobs.into_iter().filter(|job| job.id.contains("himekuri_")).collect())
    }

    /// All jobs of the pool in a GCP project, tombstones too, however many there are.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub async fn full_jobs(&self, project: &str) -> anyhow::Result<Vec<FullJob>> {
        let url = format!("{}/bigquery/v2/projects/{project}/jobs", self.url);
        let http = reqwest::Client::new();
        let (mut jobs, mut token) = (Vec::new(), String::new());
        loop {
            let request = http.get(&url).bearer_auth("any").query(&[
                ("maxResults", "1000"),
                ("projection", "full"),
                ("pageToken", &token),
            ]);
            let list: JobList<FullJob> = request.send().await?.error_for_status()?.json().await?;
            jobs.extend(list.jobs);
            match list.next_page_token {
                Some(next) => token = next,
                None => break,
            }
        }
        jobs.retain(|job| job.job_reference.job_id.starts_with("himekuri_"));
        Ok(jobs)
    }

    /// How many jobs of a GCP project wait or run now, 1,000 at most.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub async fn live_jobs(&self, project: &str) -> anyhow::Result<usize> {
        let url = format!("{}/bigquery/v2/projects/{project}/jobs", self.url);
        let request = reqwest::Client::new().get(url).bearer_auth("any").query(&[
            ("maxResults", "1000"),
            ("stateFilter", "pending"),
            ("stateFilter", "running"),
        ]);
        let list: JobList<Job> = request.send().await?.error_for_status()?.json().await?;
        Ok(list.jobs.len())
    }

    /// The first value of the first row of a partition of `summary`.
    ///
    /// # Errors
    /// The warehouse does not answer, or there is no row.
    pub async fn first_value(&self, project: &str, table: &str) -> anyhow::Result<String> {
        let url = format!(
            "{}/bigquery/v2/projects/{project}/datasets/summary/tables/{table}/data",
            self.url
        );
        let rows: Value = reqwest::get(url).await?.error_for_status()?.json().await?;
        let value = rows.pointer("/rows/0/f/0/v").and_then(Value::as_str);
        value.map(ToOwned::to_owned).with_context(|| format!("no row in {table}: {rows}"))
    }

    /// Query jobs of the pool that were executed.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub async fn executions(&self) -> anyhow::Result<Vec<Execution>> {
        let url = format!("{}/himekuri/v1/executions", self.url);
        let ledger: Ledger = reqwest::get(url).await?.error_for_status()?.json().await?;
        Ok(ledger.jobs.into_iter().filter(|job| job.job_id.starts_with("himekuri_")).collect())
    }
}
