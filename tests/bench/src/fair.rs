//! A backfill of a thousand dates beside the daily run of 26 other titles: how long daily tasks wait, from the moment at which
//! they may run to the moment at which BigQuery has their job, against the same runs on an idle pool.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint as Address};
use himekuri_coordinator::{
    BackfillOrder, BackfillRequest, Backfiller, Coordinator, CoordinatorConfig, Event, EventKind,
    SessionChoice, StartRequest,
};
use himekuri_engine::{Config, Limits};
use himekuri_protocol::AttemptId;
use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use himekuri_worker::{Worker, WorkerConfig};
use himekuri_workflow::ProjectFiles;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::endpoint::Endpoint;
use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::broker;

/// Daily titles.
const TITLES: usize = 26;
/// Daily runs, one after another, in each part of the measurement.
const DAYS: i64 = 6;
/// Length of a job, half of it more or less.
const JOB: Duration = Duration::from_secs(1);
/// Workers, with the default number of deliveries each.
const WORKERS: usize = 4;
/// Sessions of the backfill that run at once.
const CONCURRENCY: u32 = 100;
const MARTS: [&str; 5] = ["access", "install", "consume", "session", "battle"];

struct Pool {
    coordinator: Coordinator,
    events: mpsc::UnboundedReceiver<Event>,
    endpoint: Arc<Endpoint>,
    stop: CancellationToken,
}

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let mut pool = Pool::start(&rabbitmq, &redis).await?;
    let idle = pool.daily_runs(date(2021, 1, 1)).await?;
    pool.begin_backfill().await?;
    let beside = pool.daily_runs(date(2022, 1, 1)).await?;
    pool.stop.cancel();
    let row = |name, part: fn(&mut Vec<SignedDuration>) -> f64| {
        let (mut value, mut floor) = (beside.clone(), idle.clone());
        let figure = Figure { name, unit: "ms, less is better", reach: "ratio <= 2" };
        Rounds { value: vec![part(&mut value)], floor: vec![part(&mut floor)] }.measurement(figure)
    };
    Ok(vec![
        row("fair/daily_wait_median", |waits| share(waits, 50)),
        row("fair/daily_wait_p99", |waits| share(waits, 99)),
    ])
}

fn share(waits: &mut [SignedDuration], percent: usize) -> f64 {
    waits.sort();
    let place = waits.len() * percent / 100;
    waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1_000.0)
}

impl Pool {
    async fn start(rabbitmq: &RabbitMq, redis: &RedisServer) -> anyhow::Result<Self> {
        let prefix = unique_name("fair");
        let (endpoint, address) = Endpoint::start_varied(JOB).await?;
        let bigquery = BigQuery::connect(&BigQueryConfig::new(Address::Local(address))).await?;
        let stop = CancellationToken::new();
        for _ in 0..WORKERS {
            let broker = Arc::new(broker(&rabbitmq.url(), &prefix).await?);
            // As after the first minute and a half of a leader (decision 0023).
            let config = WorkerConfig { unknown_for: Duration::ZERO, ..WorkerConfig::new() };
            let worker = Worker::new(broker, bigquery.clone(), config, stop.clone());
            tokio::spawn(worker.run());
        }
        let (sender, events) = mpsc::unbounded_channel();
        let store = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(redis.url()) };
        // Nothing but the pool's own windows holds the backfill back.
        let limits =
            Limits { table: 1_000, table_interval: SignedDuration::ZERO, ..Limits::default() };
        let launched = Coordinator::launch(
            CoordinatorConfig { limits, ..CoordinatorConfig::default() },
            Arc::new(RedisStore::connect(store).await?),
            Arc::new(broker(&rabbitmq.url(), &prefix).await?),
            Some(sender),
            stop.clone(),
        );
        let (coordinator, _ended) = launched.await?.context("stopped before it began")?;
        tokio::spawn(Backfiller::new(coordinator.clone()).run(stop.clone()));
        let pool = Self { coordinator, events, endpoint, stop };
        for title in (0..TITLES).map(daily) {
            pool.push(&title, false).await?;
        }
        pool.push("backfilled", true).await?;
        Ok(pool)
    }

    /// A title whose marts read each other's tables, one after another; those of the backfill run beside each other, so that it
    /// wants as much as it can get.
    async fn push(&self, title: &str, parallel: bool) -> anyhow::Result<()> {
        let mart = |mart| {
            format!(
                "+{mart}:\n  bq>: {{data: 'SELECT \"${{session_date}}\"'}}\n  destination_table: {title}.{mart}$${{session_date_compact}}\n"
            )
        };
        let head = format!("timezone: Asia/Tokyo\n_parallel: {parallel}\n");
        let text: String = std::iter::once(head).chain(MARTS.map(mart)).collect();
        let archive = himekuri_project::pack(&ProjectFiles::from_iter([("summary.dig", text)]))?;
        self.coordinator.push(title, &archive, Some(title.to_owned())).await?;
        Ok(())
    }

    /// The daily runs of all titles, day by day; how long each task waited.
    async fn daily_runs(&mut self, from: Date) -> anyhow::Result<Vec<SignedDuration>> {
        let mut waits = Vec::new();
        for day in (0..DAYS).map(|day| from + day.days()) {
            let mut ready: HashMap<AttemptId, Timestamp> = HashMap::new();
            for title in (0..TITLES).map(daily) {
                let now = Timestamp::now();
                ready.insert(self.start_session(&title, day).await?, now);
            }
            let mut running = TITLES;
            while running > 0 {
                let event = self.events.recv().await.context("the coordinator ended")?;
                let Some(since) = ready.get_mut(&event.attempt) else { continue };
                match event.kind {
                    EventKind::Succeeded { job: Some(job), .. } => {
                        let sent = self.endpoint.jobs().created(&job.job.job_id);
                        waits.push(sent.context("an unknown job")?.duration_since(*since));
                        *since = event.at;
                    }
                    EventKind::Finished { success: true } => running -= 1,
                    EventKind::Finished { success: false } => bail!("a daily run failed"),
                    EventKind::Succeeded { job: None, .. }
                    | EventKind::Dispatched { .. }
                    | EventKind::RetryScheduled { .. }
                    | EventKind::Failed { .. }
                    | EventKind::Killed => {}
                }
            }
        }
        Ok(waits)
    }

    async fn start_session(&self, title: &str, day: Date) -> anyhow::Result<AttemptId> {
        let request = StartRequest {
            project: title.to_owned(),
            workflow: "summary".to_owned(),
            sessions: SessionChoice { from: day, to: day },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: String::new(),
            revision: None,
        };
        let started = self.coordinator.start(&request).await?;
        Ok(started.first().context("no session")?.attempt)
    }

    /// Begins a thousand dates, and waits until as many of them run as may.
    async fn begin_backfill(&mut self) -> anyhow::Result<()> {
        let first = date(2018, 1, 1);
        let request = BackfillRequest {
            project: "backfilled".to_owned(),
            workflow: "summary".to_owned(),
            sessions: SessionChoice { from: first, to: first + 999.days() },
            order: BackfillOrder::default(),
            concurrency: CONCURRENCY,
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: Some("again".to_owned()),
            dry_run: false,
            revision: None,
        };
        self.coordinator.backfill(&request).await?;
        let mut sent = 0;
        while sent < CONCURRENCY * 10 {
            let event = self.events.recv().await.context("the coordinator ended")?;
            sent += u32::from(matches!(event.kind, EventKind::Dispatched { .. }));
        }
        Ok(())
    }
}

fn daily(number: usize) -> String {
    format!("daily_{number:02}")
}
