//! A pool of processes: one coordinator, some workers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use serde::Deserialize;
use serde_json::Value;

use crate::process::{Process, program};
use crate::wait::until;

/// Longest wait for a coordinator: a lease of a killed one has to run out first.
const LEAD_DEADLINE: Duration = Duration::from_secs(30);

/// A coordinator and workers on the servers of one test.
pub struct Pool {
    prefix: String,
    amqp: String,
    redis: String,
    bigquery: String,
    listen: String,
    folder: PathBuf,
    coordinator: Option<Process>,
    workers: BTreeMap<String, Process>,
}

/// A task as `himekuri tasks --json` shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// Full name.
    pub name: String,
    /// Operator.
    pub operator: Option<String>,
    /// State.
    pub state: String,
    /// Partition.
    pub destination: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Pool {
    /// A pool that is not running yet; `folder` takes its logs.
    ///
    /// # Errors
    /// No free port.
    pub fn new(
        rabbitmq: &RabbitMq,
        redis: &RedisServer,
        bigquery: &str,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self {
            prefix: unique_name("pool"),
            amqp: rabbitmq.url(),
            redis: redis.url(),
            bigquery: bigquery.to_owned(),
            listen: format!("127.0.0.1:{port}"),
            folder: folder.to_owned(),
            coordinator: None,
            workers: BTreeMap::new(),
        })
    }

    /// Name before the pool's queues.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Port of the coordinator's API.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listen.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default()
    }

    /// Starts the coordinator and waits until it answers.
    ///
    /// # Errors
    /// It does not start or does not lead in time.
    pub async fn start_coordinator(&mut self) -> anyhow::Result<()> {
        self.start_coordinator_with(&[]).await
    }

    /// Starts the coordinator with further arguments.
    ///
    /// # Errors
    /// See [`Self::start_coordinator`].
    pub async fn start_coordinator_with(&mut self, more: &[&str]) -> anyhow::Result<()> {
        let arguments = [
            ("--redis", &self.redis),
            ("--amqp", &self.amqp),
            ("--prefix", &self.prefix),
            ("--listen", &self.listen),
            ("--watch-every", &"1".to_owned()),
            ("--table-interval", &"0".to_owned()),
        ];
        let mut arguments = flags(arguments);
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        let log = self.folder.join("coordinator.log");
        self.coordinator = Some(Process::start("himekuri-coordinator", &arguments, &log)?);
        let url = format!("http://{}/readyz", self.listen);
        until("the coordinator answers", LEAD_DEADLINE, || async {
            Ok(reqwest::get(&url).await.ok().filter(|answer| answer.status().is_success()))
        })
        .await
        .with_context(|| self.log_of("coordinator"))?;
        Ok(())
    }

    /// Starts a worker that holds up to `prefetch` deliveries.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_worker(&mut self, name: &str, prefetch: u16) -> anyhow::Result<()> {
        self.start_worker_with(name, prefetch, &[])
    }

    /// Starts a worker with further arguments.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_worker_with(
        &mut self,
        name: &str,
        prefetch: u16,
        more: &[&str],
    ) -> anyhow::Result<()> {
        let mut arguments = flags([
            ("--amqp", &self.amqp),
            ("--prefix", &self.prefix),
            ("--bigquery", &self.bigquery),
            ("--name", &name.to_owned()),
            ("--prefetch", &prefetch.to_string()),
        ]);
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        let log = self.folder.join(format!("{name}.log"));
        let worker = Process::start("himekuri-worker", &arguments, &log)?;
        self.workers.insert(name.to_owned(), worker);
        Ok(())
    }

    /// The coordinator's process.
    ///
    /// # Errors
    /// It was never started.
    pub fn coordinator(&mut self) -> anyhow::Result<&mut Process> {
        self.coordinator.as_mut().context("the coordinator was not started")
    }

    /// A worker's process.
    ///
    /// # Errors
    /// It was never started.
    pub fn worker(&mut self, name: &str) -> anyhow::Result<&mut Process> {
        self.workers.get_mut(name).with_context(|| format!("worker {name} was not started"))
    }

    /// Runs `himekuri` against this pool.
    ///
    /// # Errors
    /// It was not built.
    pub fn himekuri(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Command::new(program("himekuri")?)
            .args(arguments)
            .args(["--coordinator", &format!("http://{}", self.listen)])
            .stdin(Stdio::null())
            .output()
            .context("could not run `himekuri`")
    }

    /// Runs `himekuri` and reads its JSON lines.
    ///
    /// # Errors
    /// It failed; the error has its words.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = self.himekuri(&[arguments, &["--json"]].concat())?;
        if !output.status.success() {
            bail!(
                "`himekuri {}` failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let text = String::from_utf8(output.stdout)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Waits until every attempt has ended; their states by number.
    ///
    /// # Errors
    /// They do not end in time.
    pub async fn ended(&self, deadline: Duration) -> anyhow::Result<BTreeMap<u64, String>> {
        until("every attempt ends", deadline, || async {
            let states = self.states()?;
            Ok(states.values().all(|state| state != "running").then_some(states))
        })
        .await
        .with_context(|| format!("tasks with errors: {:#?}", self.troubled()))
    }

    fn states(&self) -> anyhow::Result<BTreeMap<u64, String>> {
        let attempts = self.json(&["attempts"])?;
        let states = attempts.iter().filter_map(|attempt| {
            Some((attempt["attempt"].as_u64()?, attempt["state"].as_str()?.to_owned()))
        });
        Ok(states.collect())
    }

    /// Tasks that failed or wait for a retry.
    fn troubled(&self) -> Vec<Task> {
        let attempts = self.states().unwrap_or_default().into_keys();
        let tasks = attempts.flat_map(|attempt| self.tasks(attempt).unwrap_or_default());
        tasks.filter(|task| task.error.is_some()).collect()
    }

    /// The tasks of an attempt.
    ///
    /// # Errors
    /// The coordinator does not answer.
    pub fn tasks(&self, attempt: u64) -> anyhow::Result<Vec<Task>> {
        let lines = self.json(&["tasks", &attempt.to_string()])?;
        lines.into_iter().map(|line| Ok(serde_json::from_value(line)?)).collect()
    }

    /// What a process has logged.
    #[must_use]
    pub fn full_log_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// The end of a process's log, for the error of a failed test.
    #[must_use]
    pub fn log_of(&self, name: &str) -> String {
        let log = self.full_log_of(name);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.len().saturating_sub(30);
        format!("log of {name}:\n{}", lines[tail..].join("\n"))
    }
}

fn flags<const N: usize>(pairs: [(&str, &String); N]) -> Vec<String> {
    pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value.clone()]).collect()
}
