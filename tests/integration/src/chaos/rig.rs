//! Servers, links and processes of one scenario.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use himekuri_testkit::{RabbitMq, RedisServer, TestkitError, unique_name};
use serde_json::json;
use tokio::process::Command;

use super::client::Client;
use super::link::Link;
use super::prepared::Prepared;
use super::run::Settings;
use super::scenario::Scenario;
use super::supervisor::{Recipe, Supervised};
use super::{TITLES, gcp_project};
use crate::clock::Clock;
use crate::process::{program, repository};
use crate::wait::until;
use crate::warehouse::WarehouseProcess;

/// Coordinators: one leads, one stands by.
const COORDINATORS: usize = 2;

const WORKERS: usize = 3;

/// Deliveries that one worker holds: a frozen one must not hold everything.
const PREFETCH: &str = "24";

/// Shorter than most jobs take here, so that some are watched.
const JOB_WAIT_SECONDS: &str = "3";

/// Longest wait for the first leader, in debug builds on a busy machine.
const LEAD_DEADLINE: Duration = Duration::from_secs(60);

/// Longest wait for the answer of a Redis that runs.
const REDIS_TIMEOUT: Duration = Duration::from_secs(1);

/// All that one scenario has for itself.
#[derive(Debug)]
pub(super) struct Rig {
    // First, so that they end before their servers.
    pub(super) workers: Vec<Supervised>,
    pub(super) coordinators: Vec<Supervised>,
    pub(super) links: Vec<Link>,
    pub(super) warehouse: WarehouseProcess,
    pub(super) client: Arc<Client>,
    pub(super) rabbitmq: Arc<RabbitMq>,
    pub(super) redis: Arc<RedisServer>,
    /// One file for each coordinator whose clock can be stepped.
    pub(super) clocks: Vec<Clock>,
    prefix: String,
    logs: PathBuf,
}

/// Longest wait for an answer of Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(30);

impl Rig {
    /// Starts everything and pushes both titles.
    pub(super) async fn start(
        scenario: &Scenario,
        prepared: &Prepared,
        settings: &Settings,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)?;
        let rabbitmq = blocking(RabbitMq::start).await.context("RabbitMQ did not start")?;
        let redis = blocking(|| RedisServer::start_with(&[("appendfsync", "everysec")]))
            .await
            .context("Redis did not start")?;
        let warehouse = prepared.warehouse(&folder.join("data")).await?;
        warehouse.put_faults(&latencies(settings.job_time)).await?;
        let mut rig = Self {
            workers: Vec::new(),
            coordinators: Vec::new(),
            links: Vec::new(),
            warehouse,
            client: Arc::new(Client::new(Vec::new())),
            rabbitmq: Arc::new(rabbitmq),
            redis: Arc::new(redis),
            clocks: Vec::new(),
            prefix: unique_name("chaos"),
            logs,
        };
        let mut addresses = Vec::new();
        for number in 1..=COORDINATORS {
            addresses.push(rig.start_coordinator(scenario, number).await?);
        }
        rig.client = Arc::new(Client::new(addresses));
        for number in 1..=WORKERS {
            rig.start_worker(scenario, number).await?;
        }
        until("a coordinator answers", LEAD_DEADLINE, || async {
            Ok(rig.client.get("/v1/attempts?limit=1").await.ok())
        })
        .await?;
        for title in TITLES {
            rig.push(title).await?;
        }
        Ok(rig)
    }

    async fn start_coordinator(
        &mut self,
        scenario: &Scenario,
        number: usize,
    ) -> anyhow::Result<String> {
        let name = format!("coordinator-{number}");
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        let amqp = self.amqp(scenario, &name).await?;
        let redis = self.redis_for(scenario, &name).await?;
        let archive = self.logs.with_file_name("archive").display().to_string();
        let environment = match scenario.steps_clocks() {
            true => self.clock(&name)?,
            false => Vec::new(),
        };
        let arguments = [
            ("--redis", redis.as_str()),
            ("--amqp", &amqp),
            ("--prefix", &self.prefix),
            ("--listen", &listen),
            ("--watch-every", "1"),
            ("--name", &name),
            ("--table-interval", "0"),
            ("--archive", &archive),
        ];
        let recipe = self.recipe(&name, "himekuri-coordinator", &arguments, environment);
        self.coordinators.push(Supervised::start(recipe)?);
        Ok(format!("http://{listen}"))
    }

    async fn start_worker(&mut self, scenario: &Scenario, number: usize) -> anyhow::Result<()> {
        let name = format!("worker-{number}");
        let amqp = self.amqp(scenario, &name).await?;
        let arguments = [
            ("--amqp", amqp.as_str()),
            ("--prefix", &self.prefix),
            ("--bigquery", self.warehouse.url()),
            ("--name", &name),
            ("--prefetch", PREFETCH),
            ("--job-wait", JOB_WAIT_SECONDS),
        ];
        let recipe = self.recipe(&name, "himekuri-worker", &arguments, Vec::new());
        self.workers.push(Supervised::start(recipe)?);
        Ok(())
    }

    fn recipe(
        &self,
        name: &str,
        program: &'static str,
        arguments: &[(&str, &str)],
        environment: Vec<(String, String)>,
    ) -> Recipe {
        let pairs = arguments.iter().flat_map(|(flag, value)| [*flag, *value]);
        Recipe {
            name: name.to_owned(),
            program,
            arguments: pairs.map(ToOwned::to_owned).collect(),
            environment,
            log: self.logs.join(format!("{name}.log")),
        }
    }

    /// RabbitMQ's address for one process.
    async fn amqp(&mut self, scenario: &Scenario, name: &str) -> anyhow::Result<String> {
        let url = self.rabbitmq.url();
        self.linked(scenario, &format!("{name} - RabbitMQ"), url).await
    }

    /// Redis's address for one process.
    async fn redis_for(&mut self, scenario: &Scenario, name: &str) -> anyhow::Result<String> {
        let url = self.redis.url();
        self.linked(scenario, &format!("{name} - Redis"), url).await
    }

    /// The address of a link to a server, if the scenario has links.
    async fn linked(
        &mut self,
        scenario: &Scenario,
        name: &str,
        url: String,
    ) -> anyhow::Result<String> {
        if !scenario.has_links() {
            return Ok(url);
        }
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
        let port = url.rsplit_once("127.0.0.1:").map(|(_, rest)| digits(rest));
        let port = port.with_context(|| format!("`{url}` has no port"))?;
        let link = Link::start(name.to_owned(), port.parse()?).await?;
        let through =
            url.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", link.port()));
        self.links.push(link);
        Ok(through)
    }

    /// The environment of a process with a clock of its own.
    fn clock(&mut self, name: &str) -> anyhow::Result<Vec<(String, String)>> {
        let clock = Clock::new(self.logs.join(format!("{name}.clock")))?;
        let environment = clock.environment();
        self.clocks.push(clock);
        Ok(environment)
    }

    async fn push(&self, title: &str) -> anyhow::Result<()> {
        let push = Command::new(program("himekuri")?)
            .arg("push")
            .arg(repository().join("examples").join(title))
            .args(["--gcp-project", &gcp_project(title)])
            .args(["--coordinator", self.client.preferred()])
            .stdin(Stdio::null())
            .output()
            .await?;
        if !push.status.success() {
            bail!("could not push {title}: {}", String::from_utf8_lossy(&push.stderr));
        }
        Ok(())
    }

    /// Epoch and holder of the lease, as Redis knows them.
    pub(super) async fn lease(&self) -> Option<(u64, &Supervised)> {
        let lease = self.ask_redis("GET", &format!("{}:{{leader}}:lease", self.prefix)).await?;
        let (epoch, holder) = lease.split_once(':')?;
        let is_holder = |coordinator: &&Supervised| coordinator.name() == holder;
        Some((epoch.parse().ok()?, self.coordinators.iter().find(is_holder)?))
    }

    async fn ask_redis(&self, command: &str, key: &str) -> Option<String> {
        let asked = async {
            let mut connection = self.redis_connection().await.ok()?;
            redis::cmd(command)
                .arg(key)
                .query_async::<Option<String>>(&mut connection)
                .await
                .ok()?
        };
        tokio::time::timeout(REDIS_TIMEOUT, asked).await.ok().flatten()
    }

    /// A connection of our own, beside all links.
    pub(super) async fn redis_connection(
        &self,
    ) -> anyhow::Result<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(self.redis.url())?;
        // The library's half a second is short for a machine that is busy with faults.
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_PATIENCE))
            .set_response_timeout(Some(REDIS_PATIENCE));
        Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    /// Messages that wait or are held, in one of the pool's queues.
    pub(super) async fn messages(&self, queue: &str) -> anyhow::Result<u64> {
        let rabbitmq = Arc::clone(&self.rabbitmq);
        let list = ["list_queues", "name", "messages", "--silent"];
        let queues = blocking(move || rabbitmq.control(&list)).await?;
        let name = format!("{}.{queue}", self.prefix);
        let line = queues.lines().filter_map(|line| line.split_once('\t'));
        let found = line.into_iter().find(|(found, _)| *found == name);
        Ok(found.with_context(|| format!("there is no queue `{name}`"))?.1.trim().parse()?)
    }

    /// All processes under supervision.
    pub(super) fn processes(&self) -> impl Iterator<Item = &Supervised> {
        self.coordinators.iter().chain(&self.workers)
    }

    /// Name before all keys and queues.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// Calls the testkit, which blocks, beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, TestkitError> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(tokio::task::spawn_blocking(call).await.context("the testkit panicked")??)
}

/// How long jobs take: by the last digit of their date, so that neighbours differ and kills meet running jobs.
fn latencies(percent: u32) -> serde_json::Value {
    let seconds = [2, 4, 1, 5, 3, 6, 2, 4, 5, 3];
    let latency = seconds.into_iter().enumerate().map(|(digit, seconds)| {
        let running = format!("{}ms", seconds * 10 * percent);
        json!({"table": format!("*$*{digit}"), "pending": "200ms", "running": running})
    });
    json!({"seed": 1, "latency": latency.collect::<Vec<_>>()})
}
