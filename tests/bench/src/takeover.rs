//! How long the pool stands still when something dies: a leader with many records, a worker with deliveries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, Event, EventKind, SessionChoice, StartRequest,
};
use himekuri_engine::Config;
use himekuri_store::{AttemptFilter, AttemptState, RedisConfig, RedisStore, Store};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use himekuri_workflow::ProjectFiles;
use jiff::ToSpan;
use jiff::civil::date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::endpoint::Endpoint;
use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::broker;
use crate::processes::Process;

/// Attempts, and tasks of each. A task has three records or so.
const ATTEMPTS: i64 = 200;
const TASKS: u32 = 1_000;
/// Records that the leader has written when it dies.
const RECORDS: usize = 100_000;

/// What is asked for (design D9; reliability of RabbitMQ, section A7).
const LEADER_SECONDS_MAX: f64 = 10.0;
const KILLED_SECONDS_MAX: f64 = 1.0;
const FROZEN_SECONDS_MAX: f64 = 35.0;

struct Servers {
    rabbitmq: RabbitMq,
    redis: RedisServer,
    prefix: String,
    bigquery: String,
}

struct Leading {
    coordinator: Coordinator,
    events: mpsc::UnboundedReceiver<Event>,
    stop: CancellationToken,
}

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let servers = Servers::start().await?;
    let leader = servers.leader().await?;
    let killed = servers.worker("-KILL").await?;
    let frozen = servers.worker("-STOP").await?;
    let row = |name, value: Duration, most: f64, reach| {
        let rounds = Rounds { value: vec![value.as_secs_f64()], floor: vec![most] };
        rounds.measurement(Figure { name, unit: "s, less is better", reach })
    };
    Ok(vec![
        row("takeover/leader_killed", leader, LEADER_SECONDS_MAX, "<= 10"),
        row("takeover/worker_killed", killed, KILLED_SECONDS_MAX, "<= 1"),
        row("takeover/worker_frozen", frozen, FROZEN_SECONDS_MAX, "<= 35"),
    ])
}

impl Servers {
    async fn start() -> anyhow::Result<Self> {
        let (_, bigquery) = Endpoint::start(Duration::from_secs(1)).await?;
        Ok(Self {
            rabbitmq: RabbitMq::start().context("could not start RabbitMQ")?,
            redis: RedisServer::start().context("could not start Redis")?,
            prefix: unique_name("takeover"),
            bigquery,
        })
    }

    fn start_worker(&self) -> anyhow::Result<Process> {
        let amqp = self.rabbitmq.url();
        let arguments = ["--amqp", &amqp, "--prefix", &self.prefix, "--bigquery", &self.bigquery];
        Process::start("himekuri-worker", &arguments)
    }

    async fn store(&self) -> anyhow::Result<RedisStore> {
        let config =
            RedisConfig { prefix: self.prefix.clone(), ..RedisConfig::new(self.redis.url()) };
        Ok(RedisStore::connect(config).await?)
    }

    async fn lead(&self) -> anyhow::Result<Leading> {
        let (sender, events) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let launched = Coordinator::launch(
            CoordinatorConfig::default(),
            Arc::new(self.store().await?),
            Arc::new(broker(&self.rabbitmq.url(), &self.prefix).await?),
            Some(sender),
            stop.clone(),
        );
        let (coordinator, _ended) = launched.await?.context("stopped before it began")?;
        Ok(Leading { coordinator, events, stop })
    }

    /// From the death of a leader that had many attempts in its hands to the first task that the next one sends.
    async fn leader(&self) -> anyhow::Result<Duration> {
        // The attempts are created by a coordinator in this process, and driven by one that can be killed.
        let first = self.lead().await?;
        let text = format!(
            "+all:\n  loop>: {TASKS}\n  _parallel: {{limit: 20}}\n  _do:\n    echo>: ${{i}}\n"
        );
        push(&first.coordinator, text).await?;
        let process = {
            let from = date(2019, 1, 1);
            start(&first.coordinator, SessionChoice { from, to: from + (ATTEMPTS - 1).days() })
                .await?;
            first.stop.cancel();
            let (amqp, redis) = (self.rabbitmq.url(), self.redis.url());
            let arguments = [
                "--amqp",
                &amqp,
                "--redis",
                &redis,
                "--prefix",
                &self.prefix,
                "--listen",
                "127.0.0.1:0",
            ];
            Process::start("himekuri-coordinator", &arguments)?
        };
        let _worker = self.start_worker()?;
        self.records(RECORDS).await?;
        process.signal("-KILL")?;
        let died = Instant::now();
        let mut next = self.lead().await?;
        loop {
            let event = next.events.recv().await.context("the coordinator ended")?;
            if matches!(event.kind, EventKind::Dispatched { .. }) {
                break;
            }
        }
        let took = died.elapsed();
        next.stop.cancel();
        Ok(took)
    }

    /// Waits until the logs of attempts that are not over have so many records.
    async fn records(&self, wanted: usize) -> anyhow::Result<()> {
        let store = self.store().await?;
        loop {
            let active = AttemptFilter {
                state: Some(AttemptState::Active),
                limit: 1_000,
                ..AttemptFilter::default()
            };
            let mut records = 0;
            let attempts = store.attempts(&active).await?;
            for (attempt, _) in &attempts {
                records += store.log(*attempt).await?.len();
            }
            if records >= wanted {
                return Ok(());
            }
            if attempts.is_empty() && records > 0 {
                bail!("the attempts ended too early: make them longer");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until so many workers are there.
    async fn consumers_of_tasks(&self, wanted: usize) -> anyhow::Result<()> {
        loop {
            let list = self.rabbitmq.control(&["list_consumers", "queue_name", "--silent"])?;
            if list.lines().filter(|queue| queue.ends_with(".tasks")).count() >= wanted {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// From the end of a worker that has deliveries to their end on another one.
    async fn worker(&self, signal: &str) -> anyhow::Result<Duration> {
        let servers = Self {
            prefix: unique_name("takeover"),
            bigquery: self.bigquery.clone(),
            rabbitmq: RabbitMq::start()?,
            redis: RedisServer::start()?,
        };
        let mut leading = servers.lead().await?;
        let first = servers.start_worker()?;
        let text = "+all:\n  loop>: 100\n  _parallel: true\n  _do:\n    echo>: ${i}\n";
        push(&leading.coordinator, text.to_owned()).await?;
        let day = date(2019, 1, 1);
        // It is there and works.
        start(&leading.coordinator, SessionChoice { from: day, to: day }).await?;
        finished(&mut leading).await?;
        // Frozen first, so that it has deliveries and does not answer.
        first.signal("-STOP")?;
        let mut began = Instant::now();
        start(&leading.coordinator, SessionChoice { from: day + 1.days(), to: day + 1.days() })
            .await?;
        let mut sent = 0;
        while sent < 100 {
            let event = leading.events.recv().await.context("the coordinator ended")?;
            sent += u32::from(matches!(event.kind, EventKind::Dispatched { .. }));
        }
        let _second = servers.start_worker()?;
        servers.consumers_of_tasks(2).await?;
        if signal == "-KILL" {
            began = Instant::now();
            first.signal(signal)?;
        }
        finished(&mut leading).await?;
        leading.stop.cancel();
        Ok(began.elapsed())
    }
}

async fn push(coordinator: &Coordinator, text: String) -> anyhow::Result<()> {
    let archive = himekuri_project::pack(&ProjectFiles::from_iter([("wf.dig", text)]))?;
    coordinator.push("takeover", &archive, Some("game".to_owned())).await?;
    Ok(())
}

async fn start(coordinator: &Coordinator, sessions: SessionChoice) -> anyhow::Result<()> {
    let request = StartRequest {
        project: "takeover".to_owned(),
        workflow: "wf".to_owned(),
        sessions,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    coordinator.start(&request).await?;
    Ok(())
}

async fn finished(leading: &mut Leading) -> anyhow::Result<()> {
    loop {
        let event = leading.events.recv().await.context("the coordinator ended")?;
        if matches!(event.kind, EventKind::Finished { .. }) {
            return Ok(());
        }
    }
}
